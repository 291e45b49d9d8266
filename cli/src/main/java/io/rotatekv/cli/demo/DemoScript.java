package io.rotatekv.cli.demo;

import io.rotatekv.v1.Chat;
import io.rotatekv.v1.ChatMessage;
import io.rotatekv.v1.GenerateRequest;
import io.rotatekv.v1.Sampling;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What the demonstration asks: questions that share a document, which stands first. */
final class DemoScript {

  static final List<String> QUESTIONS =
      List.of("Who drew the plans of the tower?", "What did the lamp burn at first?");

  // Long enough to pass through the prefill node. It shares no block with the questions: a chain of
  // keys that begins with other tokens is another chain.
  private static final String WARM_UP = "Summarize this:\n\n";

  private static final int WARM_UP_TOKENS = 64;

  private final String document;

  DemoScript() {
    try (InputStream in = DemoScript.class.getResourceAsStream("document.txt")) {
      if (in == null) {
        throw new IllegalStateException("document.txt is not in the jar");
      }
      document = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  GenerateRequest warmUp() {
    return request(WARM_UP + document, WARM_UP_TOKENS);
  }

  /** Greedy, so that every run gives the same text. */
  GenerateRequest ask(String question, int maxTokens) {
    return request(document + "\n\nQuestion: " + question, maxTokens);
  }

  private static GenerateRequest request(String content, int maxTokens) {
    ChatMessage message = ChatMessage.newBuilder().setRole("user").setContent(content).build();
    return GenerateRequest.newBuilder()
        .setChat(Chat.newBuilder().addMessages(message))
        .setMaxTokens(maxTokens)
        .setSampling(Sampling.newBuilder().setTemperature(0))
        .build();
  }
}
