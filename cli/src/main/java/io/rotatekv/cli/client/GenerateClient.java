package io.rotatekv.cli.client;

import com.google.common.net.HostAndPort;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.proto.Channels;
import io.rotatekv.v1.DecodeGrpc;
import io.rotatekv.v1.GenerateRequest;
import io.rotatekv.v1.GenerateResponse;
import io.rotatekv.v1.GenerateSummary;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A connection to one decode node. */
public final class GenerateClient implements AutoCloseable {

  private final HostAndPort target;
  private final ManagedChannel channel;

  /** Connects at the first call. */
  public GenerateClient(HostAndPort target) {
    this.target = target;
    this.channel = Channels.control(target.toString());
  }

  /**
   * Generates, handing each piece of text to {@code onText} as it arrives.
   *
   * @throws CommandException saying what failed and what to do
   */
  public Answer generate(GenerateRequest request, Duration timeout, Consumer<String> onText) {
    StringBuilder text = new StringBuilder();
    try {
      Iterator<GenerateResponse> responses =
          DecodeGrpc.newBlockingStub(channel)
              .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS)
              .generate(request);
      GenerateSummary summary = null;
      while (responses.hasNext()) {
        GenerateResponse response = responses.next();
        switch (response.getEventCase()) {
          case TOKENS -> {
            text.append(response.getTokens().getText());
            onText.accept(response.getTokens().getText());
          }
          case SUMMARY -> summary = response.getSummary();
          case EVENT_NOT_SET -> {
            // A later version's event; the text and the summary are whole without it.
          }
        }
      }
      if (summary == null) {
        throw new CommandException(
            "%s ended the stream without a summary".formatted(target), "the text may be cut off");
      }
      return new Answer(text.toString(), summary);
    } catch (StatusRuntimeException e) {
      throw GenerateErrors.explain(e, target);
    }
  }

  @Override
  public void close() {
    Channels.close(channel);
  }
}
