package io.rotatekv.decode;

import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.DecodeGrpc;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.GenerateRequest;
import io.rotatekv.v1.GenerateResponse;
import java.util.UUID;

/** The service that users call; each request runs on the virtual thread of its call. */
final class DecodeService extends DecodeGrpc.DecodeImplBase {

  private final DecodeNode node;
  private final PromptReader reader;

  DecodeService(DecodeNode node) {
    this.node = node;
    this.reader = new PromptReader(node.runtime().model(), node.runtime().engine().maxContext());
  }

  @Override
  public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
    Prompt prompt = reader.read(request);
    String id =
        request.getRequestId().isEmpty()
            ? UUID.randomUUID().toString().substring(0, 8)
            : request.getRequestId();
    GenerateCall call = new GenerateCall(node, prompt, id, observer::onNext);
    // The context is cancelled even while this call's own executor is busy running it.
    Context context = Context.current();
    Context.CancellationListener onCancel = cancelled -> call.cancel();
    context.addListener(onCancel, Runnable::run);
    try {
      call.run();
      observer.onCompleted();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServiceException(ErrorReason.ERROR_REASON_CANCELLED, "interrupted", e);
    } finally {
      context.removeListener(onCancel);
    }
  }
}
