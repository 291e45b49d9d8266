package io.rotatekv.proto;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.Status;
import io.grpc.protobuf.ProtoUtils;
import java.io.IOException;
import java.io.InputStream;

/**
 * Parses messages whose bytes fields are parts of one array, the message's own: one copy from the
 * transport's buffers, where the stock marshaller makes two.
 */
final class AliasingMarshaller<T extends Message> implements PrototypeMarshaller<T> {

  private final PrototypeMarshaller<T> stock;
  private final Parser<T> parser;

  @SuppressWarnings("unchecked") // A message's parser gives messages of its own type.
  AliasingMarshaller(T prototype) {
    stock = (PrototypeMarshaller<T>) ProtoUtils.marshaller(prototype);
    parser = (Parser<T>) prototype.getParserForType();
  }

  @Override
  public InputStream stream(T value) {
    return stock.stream(value);
  }

  @Override
  public T parse(InputStream stream) {
    try {
      CodedInputStream in = CodedInputStream.newInstance(stream.readAllBytes());
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

  @Override
  public Class<T> getMessageClass() {
    return stock.getMessageClass();
  }

  @Override
  public T getMessagePrototype() {
    return stock.getMessagePrototype();
  }
}
