package io.rotatekv.store;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.stub.ServerCallStreamObserver;
import io.rotatekv.proto.Wire;
import io.rotatekv.v1.BlockBatch;
import io.rotatekv.v1.BlockInfo;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.Miss;
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

  /** The next chunk, or null at the end. Blocks are wrapped, for the cursor gave them away. */
  private @Nullable GetResponse nextMessage() {
    GetResponse.Builder message = GetResponse.newBuilder();
    BlockBatch.Builder batch = BlockBatch.newBuilder();
    ByteString payload = ByteString.EMPTY;
    BlockCursor.Item item = null;
    while (payload.size() < Wire.CHUNK_BYTES && (item = cursor.next()) != null) {
      switch (item) {
        case BlockCursor.Block block -> {
          batch.addBlocks(
              BlockInfo.newBuilder()
                  .setKeyIndex(block.keyIndex())
                  .setLayer(block.layer())
                  .setLength(block.bytes().remaining())
                  .setCrc32C(block.crc32c()));
          payload = payload.concat(UnsafeByteOperations.unsafeWrap(block.bytes()));
        }
        case BlockCursor.Missed missed ->
            message.addMisses(
                Miss.newBuilder().setKeyIndex(missed.keyIndex()).setReason(missed.reason()));
      }
    }
    if (!payload.isEmpty()) {
      message.setBatch(batch.setPayload(payload));
    }
    return message.hasBatch() || message.getMissesCount() > 0 ? message.build() : null;
  }
}
