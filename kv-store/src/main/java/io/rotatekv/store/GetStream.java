package io.rotatekv.store;

import io.grpc.stub.ServerCallStreamObserver;
import io.rotatekv.proto.GetMessage;
import io.rotatekv.proto.Wire;
import io.rotatekv.v1.BlockInfo;
import io.rotatekv.v1.Miss;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sends what a cursor reads while the reader can take it, and nothing when it cannot: a slow reader
 * holds no more than its window, and no lock. Room for the window is taken before the first message
 * and given back when the transport has let go of the last. Calls are serial, as gRPC makes them.
 */
final class GetStream {

  /** What gRPC may hold of one stream: it is ready below the threshold, and then gets a chunk. */
  private static final int WINDOW_BYTES = Wire.READY_THRESHOLD_BYTES + Wire.CHUNK_BYTES;

  private final BlockCursor cursor;
  private final ServerCallStreamObserver<GetMessage> call;
  private final ChunkPool chunks;
  private final InFlight inFlight;
  private long reserved;
  private boolean last;
  private boolean ended;

  GetStream(
      BlockCursor cursor,
      ServerCallStreamObserver<GetMessage> call,
      ChunkPool chunks,
      InFlight inFlight) {
    this.cursor = cursor;
    this.call = call;
    this.chunks = chunks;
    this.inFlight = inFlight;
  }

  void send() {
    try {
      while (!ended && call.isReady()) {
        GetMessage message = last ? null : nextMessage();
        if (message == null) {
          close();
          call.onCompleted();
        } else {
          reserve(message);
          call.onNext(message);
        }
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Nothing more is sent or held, neither here nor by the transport. */
  void release() {
    close();
    inFlight.give(reserved);
    reserved = 0;
  }

  private void close() {
    ended = true;
    cursor.close();
  }

  /** A get that is over with its first message takes no more than that. */
  private void reserve(GetMessage message) {
    if (reserved == 0) {
      long bytes = message.payload().remaining();
      long wanted = last ? bytes : Math.max(bytes, WINDOW_BYTES);
      inFlight.take(wanted);
      reserved = wanted;
    }
  }

  /** The next chunk, or null at the end. */
  private @Nullable GetMessage nextMessage() {
    List<Miss> misses = new ArrayList<>();
    List<BlockInfo> blocks = new ArrayList<>();
    ByteBuffer payload = chunks.take(Wire.CHUNK_BYTES);
    boolean full = false;
    while (!full) {
      switch (cursor.next(payload)) {
        case null -> {
          last = true;
          full = true;
        }
        case BlockCursor.Block block ->
            blocks.add(
                BlockInfo.newBuilder()
                    .setKeyIndex(block.keyIndex())
                    .setLayer(block.layer())
                    .setLength(block.length())
                    .setCrc32C(block.crc32c())
                    .build());
        case BlockCursor.Missed missed ->
            misses.add(
                Miss.newBuilder()
                    .setKeyIndex(missed.keyIndex())
                    .setReason(missed.reason())
                    .build());
        case BlockCursor.NoRoom room -> {
          full = payload.position() > 0;
          if (!full) {
            chunks.give(payload);
            payload = chunks.take(room.length());
          }
        }
      }
    }
    if (misses.isEmpty() && blocks.isEmpty()) {
      chunks.give(payload);
      return null;
    }
    ByteBuffer filled = payload.flip();
    return new GetMessage(misses, blocks, filled, () -> chunks.give(filled));
  }
}
