package io.rotatekv.model.chat;

import io.rotatekv.model.tokenizer.Tokenizer;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Keeps names of control tokens in messages from acting as control tokens: they are replaced by
 * marks before the template is rendered, and put back into the text between the template's own
 * control tokens, which is encoded literally.
 */
final class ControlTokenGuard {

  // A private-use character that nobody sends stands around the number of the hidden name.
  private static final int FIRST_MARK = 0xE000;
  private static final int LAST_MARK = 0xF8FF;

  private final Map<String, Integer> tokens;
  private final List<String> names; // longest first
  private final Pattern anyName;
  private char mark = FIRST_MARK;

  ControlTokenGuard(Map<String, Integer> tokens) {
    this.tokens = tokens;
    names =
        tokens.keySet().stream()
            .filter(name -> !name.isEmpty())
            .sorted(Comparator.comparingInt(String::length).reversed())
            .toList();
    anyName = Pattern.compile(names.stream().map(Pattern::quote).collect(Collectors.joining("|")));
  }

  /** Whether a message holds the name of a control token. */
  boolean isNeeded(List<ChatMessage> messages) {
    return !names.isEmpty()
        && messages.stream()
            .anyMatch(message ->
                anyName.matcher(message.role()).find()
                    || anyName.matcher(message.content()).find());
  }

  /** The messages with marks for names of control tokens. */
  List<ChatMessage> hide(List<ChatMessage> messages) {
    mark =
        (char)
            IntStream.rangeClosed(FIRST_MARK, LAST_MARK)
                .filter(c ->
                    messages.stream()
                        .noneMatch(message ->
                            message.content().indexOf(c) >= 0 || message.role().indexOf(c) >= 0))
                .findFirst()
                .orElseThrow(
                    () -> new IllegalArgumentException("a message uses all private characters"));
    return messages.stream()
        .map(message -> new ChatMessage(hide(message.role()), hide(message.content())))
        .toList();
  }

  /** The ids of a rendered text with marks. */
  int[] encode(String text, Tokenizer tokenizer) {
    IntStream.Builder ids = IntStream.builder();
    Matcher matcher = anyName.matcher(text);
    int end = 0;
    while (matcher.find()) {
      encodeLiteral(text.substring(end, matcher.start()), tokenizer, ids);
      ids.add(tokens.getOrDefault(matcher.group(), 0));
      end = matcher.end();
    }
    encodeLiteral(text.substring(end), tokenizer, ids);
    return ids.build().toArray();
  }

  private void encodeLiteral(String text, Tokenizer tokenizer, IntStream.Builder ids) {
    if (!text.isEmpty()) {
      IntStream.of(tokenizer.encodeLiteral(show(text))).forEach(ids::add);
    }
  }

  private String hide(String text) {
    return anyName
        .matcher(text)
        .replaceAll(
            match -> Matcher.quoteReplacement(mark + "" + names.indexOf(match.group()) + mark));
  }

  private String show(String text) {
    return Pattern.compile(mark + "(\\d+)" + mark)
        .matcher(text)
        .replaceAll(match -> Matcher.quoteReplacement(names.get(Integer.parseInt(match.group(1)))));
  }
}
