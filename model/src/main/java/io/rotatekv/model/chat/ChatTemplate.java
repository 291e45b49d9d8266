package io.rotatekv.model.chat;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.interpret.RenderResult;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.tokenizer.Tokenizer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes a conversation the way a model was trained to read it. */
public final class ChatTemplate {

  private final String source;
  private final String bos;
  private final String eos;
  private final Object origin;
  private final Jinjava jinjava;

  private ChatTemplate(String source, String bos, String eos, Object origin) {
    this.source = source;
    this.bos = bos;
    this.eos = eos;
    this.origin = origin;
    jinjava =
        new Jinjava(JinjavaConfig.newBuilder().withTrimBlocks(true).withLstripBlocks(true).build());
  }

  public static ChatTemplate of(@Nullable String source, String bos, String eos, Object origin) {
    return new ChatTemplate(source == null ? "" : source, bos, eos, origin);
  }

  public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
    Map<String, Object> context = new HashMap<>();
    context.put(
        "messages",
        messages.stream().map(m -> Map.of("role", m.role(), "content", m.content())).toList());
    context.put("add_generation_prompt", addGenerationPrompt);
    context.put("bos_token", bos);
    context.put("eos_token", eos);
    RenderResult result = jinjava.renderForResult(source, context);
    if (!result.getErrors().isEmpty()) {
      throw new ModelException(origin + ": " + result.getErrors());
    }
    return result.getOutput();
  }

  public int[] encode(Tokenizer tokenizer, List<ChatMessage> messages, boolean generation) {
    return tokenizer.encode(render(messages, generation), false);
  }
}
