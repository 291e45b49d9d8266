package io.rotatekv.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.rotatekv.v1.DecodeGrpc;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.GenerateRequest;
import io.rotatekv.v1.GenerateResponse;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GrpcServersTest {

  private final CountDownLatch called = new CountDownLatch(1);
  private final CountDownLatch mayEnd = new CountDownLatch(1);
  private final CompletableFuture<Boolean> closed = new CompletableFuture<>();
  private final RunningServer server =
      GrpcServers.start(
          new ServerOptions("127.0.0.1", 0, Duration.ofSeconds(30)),
          List.of(new SlowDecode()),
          () -> closed.complete(true));
  private final ManagedChannel channel = Channels.control(server.address());

  /** Answers when the test lets it. */
  private final class SlowDecode extends DecodeGrpc.DecodeImplBase {

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
      called.countDown();
      try {
        mayEnd.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      observer.onNext(GenerateResponse.getDefaultInstance());
      observer.onCompleted();
    }
  }

  @AfterEach
  void stop() {
    mayEnd.countDown();
    Channels.close(channel);
    server.close();
  }

  @Test
  void itIsHealthyAndHasAPortOfItsOwn() {
    assertTrue(server.port() > 0);
    assertEquals(
        ServingStatus.SERVING,
        HealthGrpc.newBlockingStub(channel)
            .check(HealthCheckRequest.getDefaultInstance())
            .getStatus());
  }

  @Test
  void aPortInUseIsNamedWithTheCure() {
    StartupException failure =
        assertThrows(
            StartupException.class,
            () -> GrpcServers.start(ServerOptions.of("127.0.0.1", server.port()), List.of()));
    String message = String.valueOf(failure.getMessage());
    assertTrue(message.contains("cannot listen on " + server.address()), message);
    assertTrue(message.contains("set port to another"), message);
  }

  @Test
  void closeLetsARunningCallEndAndThenClosesTheResources() throws Exception {
    CompletableFuture<GenerateResponse> answer = new CompletableFuture<>();
    DecodeGrpc.newStub(channel)
        .generate(
            GenerateRequest.getDefaultInstance(),
            new StreamObserver<>() {
              @Override
              public void onNext(GenerateResponse response) {
                answer.complete(response);
              }

              @Override
              public void onError(Throwable failure) {
                answer.completeExceptionally(failure);
              }

              @Override
              public void onCompleted() {}
            });
    called.await();
    Thread closer = Thread.ofPlatform().start(server::close);
    mayEnd.countDown();
    assertEquals(GenerateResponse.getDefaultInstance(), answer.get());
    closer.join();
    assertTrue(closed.isDone());
  }

  @Test
  void aPromptThatIsNotUtf8IsAnInvalidRequest() {
    byte[] prompt = {0x0a, 2, (byte) 0xc3, 0x28}; // Field 1, two bytes, a broken sequence.
    MethodDescriptor<ByteString, GenerateResponse> raw =
        DecodeGrpc.getGenerateMethod().toBuilder(
                new RawMarshaller(), DecodeGrpc.getGenerateMethod().getResponseMarshaller())
            .build();
    StatusRuntimeException failure =
        assertThrows(
            StatusRuntimeException.class,
            () ->
                ClientCalls.blockingServerStreamingCall(
                        channel, raw, CallOptions.DEFAULT, ByteString.copyFrom(prompt))
                    .hasNext());
    assertEquals(
        ErrorReason.ERROR_REASON_INVALID_REQUEST,
        StatusMapping.fromStatus(failure, "the node").reason());
  }

  private static final class RawMarshaller implements MethodDescriptor.Marshaller<ByteString> {

    @Override
    public InputStream stream(ByteString value) {
      return new ByteArrayInputStream(value.toByteArray());
    }

    @Override
    public ByteString parse(InputStream stream) {
      throw new UnsupportedOperationException();
    }
  }
}
