package io.rotatekv.decode;

import io.grpc.stub.ServerCallStreamObserver;
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
    ((ServerCallStreamObserver<GenerateResponse>) observer).setOnCancelHandler(call::cancel);
    try {
      call.run();
      observer.onCompleted();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServiceException(ErrorReason.ERROR_REASON_CANCELLED, "interrupted", e);
    }
  }
}
