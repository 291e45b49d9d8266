package io.rotatekv.decode;

import io.rotatekv.model.Model;
import io.rotatekv.model.chat.ChatMessage;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.Chat;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.GenerateRequest;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Turns requests into prompts, and refuses those that cannot be answered. */
final class PromptReader {

  private static final int DEFAULT_MAX_TOKENS = 256;
  private static final int MAX_STOPS = 16;

  private final Model model;
  private final int maxContext;

  PromptReader(Model model, int maxContext) {
    this.model = model;
    this.maxContext = maxContext;
  }

  /**
   * Reads a request.
   *
   * @throws ServiceException INVALID_REQUEST or CONTEXT_TOO_LONG
   */
  Prompt read(GenerateRequest request) {
    int[] tokens = tokens(request);
    int wanted = request.getMaxTokens() == 0 ? DEFAULT_MAX_TOKENS : request.getMaxTokens();
    if (tokens.length == 0) {
      throw ServiceException.invalid("the prompt is empty");
    }
    if (tokens.length >= maxContext) {
      throw new ServiceException(
          ErrorReason.ERROR_REASON_CONTEXT_TOO_LONG,
          "the prompt has %d tokens, but prompt and answer together may have %d; shorten the prompt"
              .formatted(tokens.length, maxContext));
    }
    if (wanted < 0) {
      throw ServiceException.invalid("max_tokens is beyond 2147483647");
    }
    List<String> stop = request.getStopList();
    if (stop.size() > MAX_STOPS || stop.stream().anyMatch(String::isEmpty)) {
      throw ServiceException.invalid(
          "stop takes at most %d texts, none of them empty".formatted(MAX_STOPS));
    }
    return new Prompt(tokens, wanted, sampling(request), List.copyOf(stop), request.getTenant());
  }

  private int[] tokens(GenerateRequest request) {
    try {
      return switch (request.getInputCase()) {
        case PROMPT -> model.tokenizer().encode(request.getPrompt(), true);
        case CHAT -> chat(request.getChat());
        case INPUT_NOT_SET -> throw ServiceException.invalid("give a prompt or a chat");
      };
    } catch (IllegalArgumentException e) {
      throw ServiceException.invalid(String.valueOf(e.getMessage()));
    }
  }

  private int[] chat(Chat chat) {
    if (chat.getMessagesCount() == 0) {
      throw ServiceException.invalid("the chat has no messages");
    }
    List<ChatMessage> messages =
        chat.getMessagesList().stream()
            .map(message -> new ChatMessage(message.getRole(), message.getContent()))
            .toList();
    return model.chatTemplate().encode(model.tokenizer(), messages, true);
  }

  private static Sampling sampling(GenerateRequest request) {
    var wanted = request.getSampling();
    try {
      return new Sampling(
          wanted.getTemperature(),
          wanted.getTopK(),
          wanted.hasTopP() ? wanted.getTopP() : 1f,
          wanted.hasSeed() ? wanted.getSeed() : ThreadLocalRandom.current().nextLong());
    } catch (IllegalArgumentException e) {
      throw ServiceException.invalid(String.valueOf(e.getMessage()));
    }
  }
}
