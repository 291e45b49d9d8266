package io.rotatekv.store;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Iterator;

/** Sends messages as fast as the reader takes them, and makes none before. */
final class Pull {

  private Pull() {}

  static <T> void stream(StreamObserver<T> responses, Iterator<T> messages) {
    ServerCallStreamObserver<T> call = (ServerCallStreamObserver<T>) responses;
    call.setOnCancelHandler(() -> {}); // Else a cancelled call throws out of onNext.
    call.setOnReadyHandler(
        new Runnable() {
          private boolean ended;

          @Override
          public void run() {
            while (!ended && call.isReady()) {
              if (messages.hasNext()) {
                call.onNext(messages.next());
              } else {
                ended = true;
                call.onCompleted();
              }
            }
          }
        });
  }
}
