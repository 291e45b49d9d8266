package io.rotatekv.decode;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.decode.Generation.Event;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.tokenizer.TokenStream;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.FinishReason;
import io.rotatekv.v1.GenerateResponse;
import io.rotatekv.v1.GenerateSummary;
import io.rotatekv.v1.TokenChunk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request from prompt to summary, on the virtual thread of its call. What the store or the
 * prefill node cannot give is computed here instead, with a warning: failures cost time, never the
 * answer.
 */
final class GenerateCall {

  private static final Logger log = LoggerFactory.getLogger(GenerateCall.class);

  /** How long the summary may wait for write-backs; the text has been sent by then. */
  private static final Duration FIGURES_TIMEOUT = Duration.ofSeconds(2);

  private final DecodeNode node;
  private final Prompt prompt;
  private final String requestId;
  private final KeyChain chain;
  private final Consumer<GenerateResponse> responses;
  private final Timeline timeline = new Timeline();
  // Bounded by the tokens of the answer.
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final GenerateSummary.Builder summary = GenerateSummary.newBuilder();
  private final List<String> warnings = new ArrayList<>();
  private final AnswerText text;
  private final TokenStream stream;
  private final WriteBack writeBack;
  private volatile @Nullable Generation generation;
  private volatile boolean cancelled;
  private FinishReason finishReason = FinishReason.FINISH_REASON_UNSPECIFIED;
  private long blocksGot;
  private int hit;
  private int committed;

  /**
   * A way to get the prompt's blocks.
   *
   * @param blocks leading blocks to fetch; what follows is computed here
   * @param prefill whether a prefill node first computes those that the store lacks
   */
  private record Plan(int blocks, boolean prefill) {

    static final Plan LOCAL = new Plan(0, false);
  }

  GenerateCall(
      DecodeNode node, Prompt prompt, String requestId, Consumer<GenerateResponse> responses) {
    this.node = node;
    this.prompt = prompt;
    this.requestId = requestId;
    this.responses = responses;
    this.chain = node.chain(prompt);
    this.text = new AnswerText(prompt.stop());
    this.stream = node.tokenizer().newStream();
    this.writeBack = node.writeBack(prompt);
  }

  /** Ends the generation soon; callable from any thread. */
  void cancel() {
    cancelled = true;
    Generation running = generation;
    if (running != null) {
      running.stop(new CancellationException("the caller gave up"));
      node.loop().wake();
    }
  }

  /**
   * Runs the request; returns after the summary.
   *
   * @throws ServiceException if there is no answer
   */
  void run() throws InterruptedException {
    Plan plan = plan();
    RuntimeException failure = attempt(plan);
    while (failure != null) {
      if (plan.equals(Plan.LOCAL) || cancelled || isFinal(failure)) {
        throw failure;
      }
      warn(plan.prefill() ? "prefill failed" : "fetching cached blocks failed", failure);
      plan = plan.prefill() && committed > 0 ? new Plan(committed, false) : Plan.LOCAL;
      failure = attempt(plan);
    }
    summary.setCachedPrefixTokens(plan.blocks() == 0 ? 0 : hit * BLOCK_TOKENS);
    finish();
  }

  private Plan plan() {
    if (chain.blocks() == 0) {
      return Plan.LOCAL;
    }
    try {
      hit = node.source().lookup(chain);
    } catch (ServiceException e) {
      warn("the store could not be asked", e);
      return Plan.LOCAL;
    }
    committed = hit;
    timeline.mark("look-up");
    return new Plan(chain.blocks(), hit < chain.blocks());
  }

  /** Follows a plan to the end of the answer; returns why it gave no token, or null. */
  private @Nullable RuntimeException attempt(Plan plan) throws InterruptedException {
    Sequence sequence = node.open(writeBack);
    int fetched;
    try {
      sequence.expect(plan.blocks());
      fetched = plan.prefill() ? prefill(sequence) : 0;
    } catch (RuntimeException e) {
      sequence.close();
      return e;
    }
    summary.setPrefillMs(timeline.millis());
    timeline.mark("prefill");
    Generation submitted = submit(sequence);
    try {
      fetch(sequence, fetched, plan.blocks());
      timeline.mark("blocks fetched");
    } catch (RuntimeException e) {
      // The batch loop owns the sequence now; it tells of the failure when it meets it.
      submitted.stop(e);
      node.loop().wake();
    }
    return consume();
  }

  /**
   * Has the missing blocks computed, and fetches those that are ready while others are computed.
   */
  private int prefill(Sequence sequence) {
    int blocks = chain.blocks();
    int[] tokens = Arrays.copyOf(prompt.tokens(), blocks * BLOCK_TOKENS);
    int[] fetched = {0};
    node.source()
        .prefill(
            chain,
            tokens,
            hit,
            requestId,
            done -> {
              committed = done;
              if (done < blocks) {
                fetch(sequence, fetched[0], done);
                fetched[0] = done;
              }
            });
    return fetched[0];
  }

  private void fetch(Sequence sequence, int from, int to) {
    if (from < to) {
      blocksGot += node.source().fetch(chain, from, to, sequence, node.loop()::wake);
    }
  }

  private Generation submit(Sequence sequence) {
    Generation next =
        new Generation(
            sequence, prompt.tokens(), prompt.sampling(), prompt.maxTokens(), this::onEvent);
    generation = next;
    if (cancelled) {
      next.stop(new CancellationException("the caller gave up"));
    }
    node.loop().submit(next);
    return next;
  }

  private @Nullable RuntimeException consume() throws InterruptedException {
    while (finishReason == FinishReason.FINISH_REASON_UNSPECIFIED) {
      switch (events.take()) {
        case Event.Prompt(int blocks, long bytes) -> describePrompt(blocks, bytes);
        case Event.Token(int id) -> onToken(id);
        case Event.Finished(boolean endOfText) ->
            finishReason =
                endOfText
                    ? FinishReason.FINISH_REASON_END_OF_TEXT
                    : FinishReason.FINISH_REASON_LENGTH;
        case Event.Failed(RuntimeException cause) -> {
          if (summary.getGeneratedTokens() > 0) {
            throw cause;
          }
          return cause;
        }
      }
    }
    return null;
  }

  /** On the batch loop's thread. */
  private void onEvent(Event event) {
    if (event instanceof Event.Token(int id)) {
      writeBack.append(id);
    }
    events.add(event);
  }

  private static boolean isFinal(RuntimeException failure) {
    return failure instanceof ServiceException service
        && (service.reason() == ErrorReason.ERROR_REASON_DRAINING
            || service.reason() == ErrorReason.ERROR_REASON_OVERLOADED);
  }

  private void describePrompt(int blocks, long bytes) {
    KvShape shape = node.shape();
    double ttft = timeline.millis();
    timeline.mark("first token");
    log.debug("request {}: {}", requestId, timeline);
    summary
        .setTtftMs(ttft)
        .setKvBytes(bytes)
        .setFp16KvBytes(2L * 2 * blocks * BLOCK_TOKENS * shape.kvDim() * shape.layers());
  }

  private void onToken(int id) {
    summary.setGeneratedTokens(summary.getGeneratedTokens() + 1);
    send(text.append(stream.push(id)), id);
    if (text.stopped()) {
      finishReason = FinishReason.FINISH_REASON_STOP;
      cancel();
    }
  }

  private void send(String piece, int id) {
    responses.accept(
        GenerateResponse.newBuilder()
            .setTokens(TokenChunk.newBuilder().setText(piece).addTokenIds(id))
            .build());
  }

  private void finish() {
    String rest = text.finish(stream.finish());
    if (!rest.isEmpty()) {
      responses.accept(
          GenerateResponse.newBuilder().setTokens(TokenChunk.newBuilder().setText(rest)).build());
    }
    double decodeMs = timeline.millis() - summary.getTtftMs();
    long putByPrefill = (long) (Math.max(committed, hit) - hit) * node.shape().layers();
    summary
        .setFinishReason(finishReason)
        .setPromptTokens(prompt.tokens().length)
        .setDecodeMs(decodeMs)
        .setBlocksGot(blocksGot)
        .setBlocksPut(putByPrefill + writeBack.await(FIGURES_TIMEOUT))
        .addAllWarnings(warnings)
        .setRequestId(requestId);
    responses.accept(GenerateResponse.newBuilder().setSummary(summary).build());
  }

  private void warn(String what, RuntimeException cause) {
    log.warn("request {}: {}, computing here: {}", requestId, what, cause.toString());
    warnings.add("%s, so the blocks were computed here: %s".formatted(what, cause.getMessage()));
  }
}
