package io.rotatekv.proto;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.Status;
import io.grpc.protobuf.ProtoUtils;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/**
 * Parses messages whose bytes fields are parts of one array, the message's own: one copy from the
 * transport's buffers, where the stock marshaller makes two.
 */
final class AliasingMarshaller<T extends Message> implements PrototypeMarshaller<T> {

  private final PrototypeMarshaller<T> stock;
  private final Parser<T> parser;
  private final MessageArrays arrays;

  /**
   * A marshaller.
   *
   * @param arrays what messages are read into; whoever is done with one may give it back
   */
  @SuppressWarnings("unchecked") // A message's parser gives messages of its own type.
  AliasingMarshaller(T prototype, MessageArrays arrays) {
    stock = (PrototypeMarshaller<T>) ProtoUtils.marshaller(prototype);
    parser = (Parser<T>) prototype.getParserForType();
    this.arrays = arrays;
  }

  @Override
  public InputStream stream(T value) {
    return stock.stream(value);
  }

  @Override
  public T parse(InputStream stream) {
    try {
      // Only what wraps an array that is never to change may be aliased; else the flag does
      // nothing.
      CodedInputStream in = bytes(stream).newCodedInput();
      in.enableAliasing(true);
      T message = parser.parseFrom(in);
      in.checkLastTagWas(0);
      return message;
    } catch (InvalidProtocolBufferException e) {
      throw Status.INTERNAL.withDescription("invalid protobuf").withCause(e).asRuntimeException();
    } catch (IOException e) {
      throw Status.INTERNAL.withDescription("unreadable message").withCause(e).asRuntimeException();
    }
  }

  /** All bytes in one array; {@code readAllBytes} copies them twice. */
  private ByteString bytes(InputStream stream) throws IOException {
    if (!(stream instanceof KnownLength)) {
      return UnsafeByteOperations.unsafeWrap(stream.readAllBytes());
    }
    int length = stream.available();
    byte[] bytes = arrays.take(length);
    if (stream.readNBytes(bytes, 0, length) < length) {
      throw new EOFException("the message is shorter than its transport said");
    }
    return UnsafeByteOperations.unsafeWrap(bytes, 0, length);
  }

  @Override
  public Class<T> getMessageClass() {
    return stock.getMessageClass();
  }

  @Override
  public T getMessagePrototype() {
    return stock.getMessagePrototype();
  }
}
