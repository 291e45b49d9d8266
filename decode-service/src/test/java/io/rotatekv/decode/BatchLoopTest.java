package io.rotatekv.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.decode.Generation.Event;
import io.rotatekv.decode.ScriptedEngine.CountedSequence;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class BatchLoopTest {

  private static final int END = 50;
  private static final int CHUNK = 64;

  private final ScriptedEngine engine = new ScriptedEngine();
  private final BatchLoop loop = new BatchLoop(engine, 2, CHUNK, token -> token == END);

  @AfterEach
  void close() {
    loop.close();
  }

  /** One request and what happens to it. */
  private final class Request {
    final CountedSequence sequence = (CountedSequence) engine.open(BlockListener.NONE);
    final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

    Generation generation(int[] prompt, int maxTokens) {
      return new Generation(sequence, prompt, Sampling.GREEDY, maxTokens, events::add);
    }

    Event next() throws InterruptedException {
      Event event = events.poll(30, TimeUnit.SECONDS);
      if (event == null) {
        throw new AssertionError("nothing happened");
      }
      return event;
    }

    List<Integer> tokens() throws InterruptedException {
      List<Integer> tokens = new ArrayList<>();
      for (Event event = next(); !(event instanceof Event.Finished); event = next()) {
        if (event instanceof Event.Token(int id)) {
          tokens.add(id);
        }
      }
      return tokens;
    }
  }

  private static int[] prompt(int length, int last) {
    int[] prompt = IntStream.range(0, length).toArray();
    prompt[length - 1] = last;
    return prompt;
  }

  @Test
  void generatesUntilTheEndOfTextOrTheLimit() throws InterruptedException {
    Request ending = new Request();
    loop.submit(ending.generation(prompt(3, 46), 100));
    assertEquals(List.of(47, 48, 49), ending.tokens());
    Request limited = new Request();
    loop.submit(limited.generation(prompt(3, 10), 4));
    assertEquals(List.of(11, 12, 13, 14), limited.tokens());
    assertTrue(ending.sequence.closed); // The loop closed it before it ran the next.
  }

  @Test
  void theContextBoundsAnAnswer() throws InterruptedException {
    Request request = new Request();
    loop.submit(request.generation(prompt(190, 60), 1_000));
    assertEquals(11, request.tokens().size());
  }

  @Test
  void aPromptRunsInChunksThatKeepItsWholeBlocksApartFromTheRest() throws InterruptedException {
    Request request = new Request();
    loop.submit(request.generation(prompt(150, 60), 1));
    request.tokens();
    assertEquals(List.of(List.of(64), List.of(64), List.of(22)), engine.batches());
  }

  @Test
  void aFailureIsToldAndTheLoopGoesOn() throws InterruptedException {
    Request bad = new Request();
    loop.submit(bad.generation(prompt(2, ScriptedEngine.BAD_TOKEN), 5));
    assertFailed("a bad token", bad);
    Request good = new Request();
    loop.submit(good.generation(prompt(2, 10), 1));
    assertEquals(List.of(11), good.tokens());
  }

  @Test
  void aFullCacheIsOverload() throws InterruptedException {
    Request large = new Request();
    loop.submit(large.generation(prompt(2, ScriptedEngine.LARGE_TOKEN), 5));
    Event.Failed failed = assertInstanceOf(Event.Failed.class, large.next());
    ServiceException cause = assertInstanceOf(ServiceException.class, failed.cause());
    assertEquals(ErrorReason.ERROR_REASON_OVERLOADED, cause.reason());
    assertTrue(large.sequence.closed);
  }

  @Test
  void aRequestAloneStartsWithItsFirstLayer() throws InterruptedException {
    Request request = new Request();
    request.sequence.expect(1);
    loop.submit(request.generation(prompt(70, 10), 2));
    assertEquals(List.of(), engine.batches());
    request.sequence.loadedLayers = 1;
    loop.wake();
    assertEquals(List.of(11, 12), request.tokens());
    assertEquals(List.of(6), engine.batches().getFirst());
  }

  @Test
  void noMoreThanABatchRunsAtATime() throws InterruptedException {
    List<Request> requests = List.of(new Request(), new Request(), new Request());
    for (Request request : requests) {
      request.sequence.expect(1);
      loop.submit(request.generation(prompt(70, 10), 3));
    }
    // All become ready while the loop looks on, so it has to choose.
    requests.forEach(request -> request.sequence.loadedLayers = Integer.MAX_VALUE);
    loop.wake();
    for (Request request : requests) {
      assertEquals(List.of(11, 12, 13), request.tokens());
    }
    assertEquals(2, engine.batches().stream().mapToInt(List::size).max().orElseThrow());
  }

  @Test
  void aStoppedRequestEnds() throws InterruptedException {
    Request request = new Request();
    request.sequence.expect(1);
    Generation generation = request.generation(prompt(70, 10), 2);
    loop.submit(generation);
    generation.stop(new CancellationException("enough"));
    loop.wake();
    assertFailed("enough", request);
  }

  @Test
  void blocksThatNeverComeEndTheirRequestAndNoOther() throws InterruptedException {
    Request running = new Request();
    running.sequence.expect(1);
    Request waiting = new Request();
    waiting.sequence.expect(1);
    loop.submit(running.generation(prompt(70, 10), 2));
    Generation lost = waiting.generation(prompt(70, 10), 2);
    loop.submit(lost);
    waiting.sequence.loadedLayers = 1; // Not enough beside another request.
    lost.stop(new IllegalStateException("corrupt"));
    loop.wake();
    assertFailed("corrupt", waiting);
    running.sequence.loadedLayers = Integer.MAX_VALUE;
    loop.wake();
    assertEquals(List.of(11, 12), running.tokens());
  }

  private static void assertFailed(String message, Request request) throws InterruptedException {
    Event.Failed failed = assertInstanceOf(Event.Failed.class, request.next());
    assertEquals(message, failed.cause().getMessage());
    assertTrue(request.sequence.closed);
  }

  @Test
  void tooManyWaitingRequestsAreRefused() {
    List<Request> waiting = new ArrayList<>();
    ServiceException refusal =
        assertThrows(
            ServiceException.class,
            () -> {
              for (int i = 0; i < 1_000; i++) {
                Request request = new Request();
                request.sequence.expect(1);
                waiting.add(request);
                loop.submit(request.generation(prompt(70, 10), 2));
              }
            });
    assertEquals(ErrorReason.ERROR_REASON_OVERLOADED, refusal.reason());
    assertEquals(2 * 16 + 1, waiting.size());
    assertTrue(waiting.getLast().sequence.closed);
  }

  @Test
  void closingEndsWhatWaits() throws InterruptedException {
    Request request = new Request();
    request.sequence.expect(1);
    loop.submit(request.generation(prompt(70, 10), 2));
    loop.close();
    Event.Failed failed = assertInstanceOf(Event.Failed.class, request.next());
    ServiceException cause = assertInstanceOf(ServiceException.class, failed.cause());
    assertEquals(ErrorReason.ERROR_REASON_DRAINING, cause.reason());
  }
}
