package io.rotatekv.proto;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/**
 * Sends every failure of a service through {@link StatusMapping}, whether it was given to {@code
 * onError} or thrown out of a handler. Listener calls of one call are serial, so {@code closed}
 * needs no lock against them; a service that closes from another thread races only with its own
 * failure.
 */
final class ErrorInterceptor implements ServerInterceptor {

  @Override
  public <Q, P> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, P> call, Metadata headers, ServerCallHandler<Q, P> next) {
    MappingCall<Q, P> mapping = new MappingCall<>(call);
    try {
      return new MappingListener<>(next.startCall(mapping, headers), mapping);
    } catch (RuntimeException | LinkageError | AssertionError e) {
      mapping.fail(e);
      return new ServerCall.Listener<>() {};
    }
  }

  private static final class MappingCall<Q, P> extends SimpleForwardingServerCall<Q, P> {

    private volatile boolean closed;

    MappingCall(ServerCall<Q, P> call) {
      super(call);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      closed = true;
      Throwable cause = status.getCause();
      if (status.getCode() == Status.Code.UNKNOWN && cause != null) {
        StatusRuntimeException mapped = StatusMapping.toStatus(cause);
        Metadata detail = mapped.getTrailers();
        super.close(mapped.getStatus(), detail == null ? trailers : detail);
      } else {
        super.close(status, trailers);
      }
    }

    void fail(Throwable failure) {
      if (!closed) {
        close(Status.UNKNOWN.withCause(failure), new Metadata());
      }
    }
  }

  private static final class MappingListener<Q> extends SimpleForwardingServerCallListener<Q> {

    private final MappingCall<Q, ?> call;
    private boolean failed;

    MappingListener(ServerCall.Listener<Q> delegate, MappingCall<Q, ?> call) {
      super(delegate);
      this.call = call;
    }

    @Override
    public void onMessage(Q message) {
      guard(() -> super.onMessage(message));
    }

    @Override
    public void onHalfClose() {
      guard(super::onHalfClose);
    }

    @Override
    public void onReady() {
      guard(super::onReady);
    }

    private void guard(Runnable handler) {
      if (failed) {
        return;
      }
      try {
        handler.run();
      } catch (RuntimeException | LinkageError | AssertionError e) {
        failed = true;
        call.fail(e);
      }
    }
  }
}
