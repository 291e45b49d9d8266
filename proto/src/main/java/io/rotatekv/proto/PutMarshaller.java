package io.rotatekv.proto;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.protobuf.ProtoUtils;
import io.rotatekv.v1.PutRequest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Writes puts as protobuf does, and gives a batch's array back once its bytes have been taken. */
final class PutMarshaller implements Marshaller<PutRequest> {

  private final Marshaller<PutRequest> stock =
      ProtoUtils.marshaller(PutRequest.getDefaultInstance());
  private final MessageArrays arrays;

  PutMarshaller(MessageArrays arrays) {
    this.arrays = arrays;
  }

  @Override
  public InputStream stream(PutRequest request) {
    return request.hasBlocks() ? new Batch(stock.stream(request), request) : stock.stream(request);
  }

  @Override
  public PutRequest parse(InputStream stream) {
    return stock.parse(stream);
  }

  /** The message's stream, with its end noticed. A put is sent once, for it is never retried. */
  private final class Batch extends FilterInputStream implements KnownLength, Drainable {

    private final PutRequest request;
    private boolean closed;

    Batch(InputStream stream, PutRequest request) {
      super(stream);
      this.request = request;
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      return ((Drainable) in).drainTo(target);
    }

    @Override
    public void close() throws IOException {
      super.close();
      if (!closed) {
        closed = true;
        arrays.give(request.getBlocks());
      }
    }
  }
}
