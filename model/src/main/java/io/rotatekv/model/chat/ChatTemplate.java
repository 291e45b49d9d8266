package io.rotatekv.model.chat;

import io.rotatekv.model.ModelException;
import io.rotatekv.model.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a conversation the way a model was trained to read it, by the Jinja template in its
 * metadata. A model without one gets {@code role: content} paragraphs. Safe for many threads.
 *
 * <p>{@link #render} puts roles and contents into the text as they are, so a message that holds the
 * name of a control token, such as {@code <|im_end|>}, would act as that token once the text is
 * encoded. {@link #encode} gives token ids in which only the template's own control tokens act.
 */
public final class ChatTemplate {

  private static final String PLAIN =
      """
      {{ bos_token }}{% for message in messages %}
      {{ message['role'] + ': ' + message['content'] + '\n\n' }}{% endfor %}
      {% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}
      """;

  private final TemplateEngine engine = new TemplateEngine();
  private final String source;
  private final String bos;
  private final String eos;
  private final Object origin;

  private ChatTemplate(String source, String bos, String eos, Object origin) {
    this.source = source;
    this.bos = bos;
    this.eos = eos;
    this.origin = origin;
  }

  /**
   * A template.
   *
   * @param source Jinja, or null for plain paragraphs
   * @param bos the text of the token that begins a text, or empty
   * @param eos the text of the token that ends a text, or empty
   * @param origin the file it is from, for messages
   */
  public static ChatTemplate of(@Nullable String source, String bos, String eos, Object origin) {
    return new ChatTemplate(source == null ? PLAIN : source, bos, eos, origin);
  }

  /**
   * The conversation as text, its control tokens by name; to be encoded without adding others.
   *
   * @param addGenerationPrompt whether to end with the opening of the assistant's next turn
   * @throws ModelException if the template is invalid or refuses the conversation
   */
  public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
    try {
      return engine.render(source, variables(messages, addGenerationPrompt));
    } catch (TemplateException e) {
      throw new ModelException(
          "%s: the chat template failed: %s; change the conversation, or send a plain prompt"
              .formatted(origin, e.getMessage()),
          e);
    }
  }

  /**
   * The conversation as token ids. Names of control tokens in roles and contents become ordinary
   * tokens with the same text.
   *
   * @param addGenerationPrompt whether to end with the opening of the assistant's next turn
   * @throws ModelException if the template is invalid or refuses the conversation
   * @throws IllegalArgumentException if a message is not valid UTF-16
   */
  public int[] encode(
      Tokenizer tokenizer, List<ChatMessage> messages, boolean addGenerationPrompt) {
    ControlTokenGuard guard = new ControlTokenGuard(tokenizer.controlTokens());
    if (!guard.isNeeded(messages)) {
      return tokenizer.encode(render(messages, addGenerationPrompt), false);
    }
    String text = render(guard.hide(messages), addGenerationPrompt);
    return guard.encode(text, tokenizer);
  }

  private Map<String, Object> variables(List<ChatMessage> messages, boolean addGenerationPrompt) {
    Map<String, Object> variables = new LinkedHashMap<>();
    variables.put("messages", messages.stream().map(ChatTemplate::variables).toList());
    variables.put("add_generation_prompt", addGenerationPrompt);
    variables.put("bos_token", bos);
    variables.put("eos_token", eos);
    return variables;
  }

  private static Map<String, Object> variables(ChatMessage message) {
    Map<String, Object> variables = new LinkedHashMap<>();
    variables.put("role", message.role());
    variables.put("content", message.content());
    return variables;
  }
}
