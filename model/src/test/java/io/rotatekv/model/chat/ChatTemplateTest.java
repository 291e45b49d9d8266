package io.rotatekv.model.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rotatekv.model.ModelException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {

  private static final List<ChatMessage> HELLO = List.of(new ChatMessage("user", "Hello"));

  /** Made by src/test/scripts/chat_templates.py with Jinja2. */
  static Stream<JsonNode> references() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(ChatTemplateTest.class.getResourceAsStream("templates.json"))) {
      return StreamSupport.stream(new ObjectMapper().readTree(in).spliterator(), false);
    }
  }

  @ParameterizedTest
  @MethodSource("references")
  void rendersAsJinja2Does(JsonNode reference) {
    ChatTemplate template = template(reference.get("template").asText());
    List<ChatMessage> messages =
        StreamSupport.stream(reference.get("messages").spliterator(), false)
            .map(m -> new ChatMessage(m.get("role").asText(), m.get("content").asText()))
            .toList();
    boolean generation = reference.get("addGenerationPrompt").asBoolean();
    if (reference.get("expected").isNull()) {
      assertThrows(ModelException.class, () -> template.render(messages, generation));
    } else {
      assertEquals(reference.get("expected").asText(), template.render(messages, generation));
    }
  }

  @Test
  void saysWhyATemplateRefuses() {
    ChatTemplate template = template("{{ raise_exception('only users may speak') }}");
    ModelException e = assertThrows(ModelException.class, () -> template.render(HELLO, true));
    assertTrue(e.getMessage().contains("test.gguf"), e.getMessage());
    assertTrue(e.getMessage().contains("only users may speak"), e.getMessage());
  }

  @Test
  void writesParagraphsWithoutATemplate() {
    assertEquals(
        "<s>user: Hello\n\nassistant:",
        ChatTemplate.of(null, "<s>", "</s>", "test.gguf").render(HELLO, true));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% if true %}no end",
        "{{ messages[ }}",
        "{{ unknown_function() }}",
        "{% include 'io/rotatekv/model/chat/templates.json' %}",
        "{% import 'io/rotatekv/model/chat/templates.json' as x %}",
        "{% from 'io/rotatekv/model/chat/templates.json' import x %}",
        "{% extends 'io/rotatekv/model/chat/templates.json' %}",
        "{{ messages.getClass() }}",
        "{{ ''.getClass().forName('java.lang.Runtime').getRuntime().exec('true') }}",
        "{{ 'x' * 100000000 }}",
        "{% for a in range(9000) %}{% for b in range(9000) %}{{ messages[0].content * 10000 }}"
            + "{% endfor %}{% endfor %}",
      })
  void refusesInvalidAndHostileTemplates(String source) {
    ModelException e =
        assertThrows(ModelException.class, () -> template(source).render(HELLO, true));
    assertFalse(e.getMessage().contains("chatml"), e.getMessage());
  }

  private static ChatTemplate template(String source) {
    return ChatTemplate.of(source, "<s>", "</s>", "test.gguf");
  }
}
