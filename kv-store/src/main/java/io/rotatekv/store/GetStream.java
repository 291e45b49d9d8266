package io.rotatekv.store;

import com.google.protobuf.UnsafeByteOperations;
import io.grpc.stub.ServerCallStreamObserver;
import io.rotatekv.proto.Wire;
import io.rotatekv.v1.BlockBatch;
import io.rotatekv.v1.BlockInfo;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.Miss;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Sends what a cursor reads while the reader can take it, and nothing when it cannot: a slow reader
 * holds no more than its window, and no lock. Calls are serial, as gRPC makes them.
 */
final class GetStream {

  private final BlockCursor cursor;
  private final ServerCallStreamObserver<GetResponse> call;
  private boolean ended;

  GetStream(BlockCursor cursor, ServerCallStreamObserver<GetResponse> call) {
    this.cursor = cursor;
    this.call = call;
  }

  void send() {
    try {
      while (!ended && call.isReady()) {
        GetResponse message = nextMessage();
        if (message == null) {
          close();
          call.onCompleted();
        } else {
          call.onNext(message);
        }
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  void close() {
    ended = true;
    cursor.close();
  }

  /** The next chunk, or null at the end. Its array belongs to the message from then on. */
  private @Nullable GetResponse nextMessage() {
    GetResponse.Builder message = GetResponse.newBuilder();
    BlockBatch.Builder batch = BlockBatch.newBuilder();
    ByteBuffer payload = ByteBuffer.allocate(Wire.CHUNK_BYTES);
    boolean full = false;
    while (!full) {
      switch (cursor.next(payload)) {
        case null -> full = true;
        case BlockCursor.Block block ->
            batch.addBlocks(
                BlockInfo.newBuilder()
                    .setKeyIndex(block.keyIndex())
                    .setLayer(block.layer())
                    .setLength(block.length())
                    .setCrc32C(block.crc32c()));
        case BlockCursor.Missed missed ->
            message.addMisses(
                Miss.newBuilder().setKeyIndex(missed.keyIndex()).setReason(missed.reason()));
        case BlockCursor.NoRoom room -> {
          full = payload.position() > 0;
          if (!full) {
            payload = ByteBuffer.allocate(room.length());
          }
        }
      }
    }
    if (payload.position() > 0) {
      message.setBatch(batch.setPayload(UnsafeByteOperations.unsafeWrap(payload.flip())));
    }
    return message.hasBatch() || message.getMissesCount() > 0 ? message.build() : null;
  }
}
