package io.rotatekv.proto;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.KvStoreGrpc;

/** Parses what a get brings in place: its blocks are parts of the message's own array. */
final class InPlaceParsing implements ClientInterceptor {

  private static final String GET = KvStoreGrpc.getGetMethod().getFullMethodName();

  private final AliasingMarshaller<GetResponse> marshaller =
      new AliasingMarshaller<>(GetResponse.getDefaultInstance());

  @Override
  @SuppressWarnings("unchecked") // The method was found by its name.
  public <Q, P> ClientCall<Q, P> interceptCall(
      MethodDescriptor<Q, P> method, CallOptions options, Channel next) {
    if (!method.getFullMethodName().equals(GET)) {
      return next.newCall(method, options);
    }
    return next.newCall(
        method.toBuilder(method.getRequestMarshaller(), (MethodDescriptor.Marshaller<P>) marshaller)
            .build(),
        options);
  }
}
