package io.rotatekv.proto;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.rotatekv.v1.BlockBatch;
import io.rotatekv.v1.BlockInfo;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.Miss;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A message in protobuf's encoding, of which only what stands before the payload is ever built. The
 * transport drains it into its own buffers, which is the only copy, and closes it.
 */
final class GetMessageStream extends InputStream implements KnownLength, Drainable {

  private final ByteBuffer head;
  private final ByteBuffer payload;
  private final Runnable release;
  private final AtomicBoolean closed = new AtomicBoolean();

  GetMessageStream(GetMessage message) {
    payload = message.payload().duplicate();
    head = ByteBuffer.wrap(head(message));
    release = message.release();
  }

  @Override
  public int available() {
    return head.remaining() + payload.remaining();
  }

  @Override
  public int drainTo(OutputStream target) throws IOException {
    int bytes = available();
    drain(head, target);
    drain(payload, target);
    return bytes;
  }

  @Override
  public int read() {
    ByteBuffer next = next();
    return next.hasRemaining() ? Byte.toUnsignedInt(next.get()) : -1;
  }

  @Override
  public int read(byte[] into, int offset, int length) {
    ByteBuffer next = next();
    if (length > 0 && !next.hasRemaining()) {
      return -1;
    }
    int read = Math.min(length, next.remaining());
    next.get(into, offset, read);
    return read;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      release.run();
    }
  }

  private ByteBuffer next() {
    return head.hasRemaining() ? head : payload;
  }

  private static void drain(ByteBuffer from, OutputStream target) throws IOException {
    target.write(from.array(), from.arrayOffset() + from.position(), from.remaining());
    from.position(from.limit());
  }

  /** Everything before the payload: it is the last field of the last field. */
  private static byte[] head(GetMessage message) {
    int payload = message.payload().remaining();
    int infos = 0;
    for (BlockInfo info : message.blocks()) {
      infos += CodedOutputStream.computeMessageSize(BlockBatch.BLOCKS_FIELD_NUMBER, info);
    }
    int before =
        CodedOutputStream.computeTagSize(BlockBatch.PAYLOAD_FIELD_NUMBER)
            + CodedOutputStream.computeUInt32SizeNoTag(payload);
    int batch = infos + before + payload;
    int size = 0;
    for (Miss miss : message.misses()) {
      size += CodedOutputStream.computeMessageSize(GetResponse.MISSES_FIELD_NUMBER, miss);
    }
    if (payload > 0) {
      size +=
          CodedOutputStream.computeTagSize(GetResponse.BATCH_FIELD_NUMBER)
              + CodedOutputStream.computeUInt32SizeNoTag(batch)
              + infos
              + before;
    }
    byte[] head = new byte[size];
    CodedOutputStream out = CodedOutputStream.newInstance(head);
    try {
      for (Miss miss : message.misses()) {
        out.writeMessage(GetResponse.MISSES_FIELD_NUMBER, miss);
      }
      if (payload > 0) {
        out.writeTag(GetResponse.BATCH_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeUInt32NoTag(batch);
        for (BlockInfo info : message.blocks()) {
          out.writeMessage(BlockBatch.BLOCKS_FIELD_NUMBER, info);
        }
        out.writeTag(BlockBatch.PAYLOAD_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeUInt32NoTag(payload);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e); // The array is exactly as long.
    }
    return head;
  }
}
