package io.rotatekv.proto;

import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.io.InputStream;

/**
 * Moves the parsing of requests behind the interceptors. gRPC parses before them, and reports what
 * cannot be parsed (a prompt that is not UTF-8, say) as an unknown fault of the server.
 */
final class LateParsing {

  private LateParsing() {}

  static ServerServiceDefinition intercept(
      ServerServiceDefinition service, ServerInterceptor interceptor) {
    return ServerInterceptors.intercept(
        ServerInterceptors.useMarshalledMessages(service, new PassThrough()), interceptor);
  }

  /** Hands the transport's own stream on, so that what it knows of its length is not lost. */
  private static final class PassThrough implements Marshaller<InputStream> {

    @Override
    public InputStream stream(InputStream value) {
      return value;
    }

    @Override
    public InputStream parse(InputStream stream) {
      return stream;
    }
  }
}
