package io.rotatekv.proto;

import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.rotatekv.v1.GetRequest;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.PutRequest;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Binds a store's service with marshallers of its own for what carries blocks. The wire format is
 * protobuf's; gRPC's public interfaces do it all.
 */
public final class StoreBinding {

  private StoreBinding() {}

  /** Serves one get. */
  @FunctionalInterface
  public interface Get {

    /** Sends the answer; called once a call. */
    void serve(GetRequest request, ServerCallStreamObserver<GetMessage> responses);
  }

  /**
   * The service with its Get replaced, and with puts parsed in place.
   *
   * @param arrays what puts are read into; the service gives them back
   */
  public static BindableService of(
      KvStoreGrpc.KvStoreImplBase service, Get get, MessageArrays arrays) {
    return () -> bind(service.bindService(), get, arrays);
  }

  private static ServerServiceDefinition bind(
      ServerServiceDefinition stock, Get get, MessageArrays arrays) {
    List<ServerMethodDefinition<?, ?>> methods = new ArrayList<>();
    for (ServerMethodDefinition<?, ?> method : stock.getMethods()) {
      methods.add(replaced(method, get, arrays));
    }
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(stock.getServiceDescriptor().getName())
            .setSchemaDescriptor(stock.getServiceDescriptor().getSchemaDescriptor());
    methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
    ServerServiceDefinition.Builder bound = ServerServiceDefinition.builder(descriptor.build());
    methods.forEach(bound::addMethod);
    return bound.build();
  }

  private static ServerMethodDefinition<?, ?> replaced(
      ServerMethodDefinition<?, ?> method, Get get, MessageArrays arrays) {
    MethodDescriptor<?, ?> descriptor = method.getMethodDescriptor();
    if (descriptor.getFullMethodName().equals(KvStoreGrpc.getGetMethod().getFullMethodName())) {
      return ServerMethodDefinition.create(
          KvStoreGrpc.getGetMethod().toBuilder(
                  KvStoreGrpc.getGetMethod().getRequestMarshaller(), new GetMarshaller())
              .build(),
          ServerCalls.asyncServerStreamingCall((request, responses) ->
              get.serve(request, (ServerCallStreamObserver<GetMessage>) responses)));
    }
    if (descriptor.getFullMethodName().equals(KvStoreGrpc.getPutMethod().getFullMethodName())) {
      return parsedInPlace(method, arrays);
    }
    return method;
  }

  @SuppressWarnings("unchecked") // The method was found by its name.
  private static ServerMethodDefinition<?, ?> parsedInPlace(
      ServerMethodDefinition<?, ?> method, MessageArrays arrays) {
    ServerMethodDefinition<PutRequest, ?> put = (ServerMethodDefinition<PutRequest, ?>) method;
    return withRequests(put, new AliasingMarshaller<>(PutRequest.getDefaultInstance(), arrays));
  }

  private static <Q, P> ServerMethodDefinition<Q, P> withRequests(
      ServerMethodDefinition<Q, P> method, Marshaller<Q> requests) {
    MethodDescriptor<Q, P> descriptor = method.getMethodDescriptor();
    return ServerMethodDefinition.create(
        descriptor.toBuilder(requests, descriptor.getResponseMarshaller()).build(),
        method.getServerCallHandler());
  }

  private static final class GetMarshaller implements Marshaller<GetMessage> {

    @Override
    public InputStream stream(GetMessage message) {
      return new GetMessageStream(message);
    }

    @Override
    public GetMessage parse(InputStream stream) {
      throw new UnsupportedOperationException("a store does not read its own answers");
    }
  }
}
