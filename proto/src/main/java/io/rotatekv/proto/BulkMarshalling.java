package io.rotatekv.proto;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.PutRequest;

/**
 * Marshals what carries blocks without arrays of its own: a get's answers are parsed in place, so
 * that blocks are parts of the message's own array, and a put's array is given back once it is
 * sent.
 */
final class BulkMarshalling implements ClientInterceptor {

  private static final String GET = KvStoreGrpc.getGetMethod().getFullMethodName();
  private static final String PUT = KvStoreGrpc.getPutMethod().getFullMethodName();

  private final Marshaller<GetResponse> gets;
  private final Marshaller<PutRequest> puts;

  BulkMarshalling(MessageArrays arrays) {
    gets = new AliasingMarshaller<>(GetResponse.getDefaultInstance(), arrays);
    puts = new PutMarshaller(arrays);
  }

  @Override
  @SuppressWarnings("unchecked") // The methods were found by their names.
  public <Q, P> ClientCall<Q, P> interceptCall(
      MethodDescriptor<Q, P> method, CallOptions options, Channel next) {
    Marshaller<Q> requests = method.getRequestMarshaller();
    Marshaller<P> responses = method.getResponseMarshaller();
    if (method.getFullMethodName().equals(GET)) {
      responses = (Marshaller<P>) gets;
    } else if (method.getFullMethodName().equals(PUT)) {
      requests = (Marshaller<Q>) puts;
    }
    return next.newCall(method.toBuilder(requests, responses).build(), options);
  }
}
