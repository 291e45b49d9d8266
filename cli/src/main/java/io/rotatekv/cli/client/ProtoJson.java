package io.rotatekv.cli.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.CaseFormat;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.HexFormat;
import java.util.List;

/**
 * Messages as JSON for people and scripts: fields by their names in the .proto, all of them, 64-bit
 * numbers as numbers, bytes in hexadecimal, enums without the prefix of their type.
 */
public final class ProtoJson {

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private ProtoJson() {}

  /** A message as a JSON object. */
  public static ObjectNode of(Message message) {
    ObjectNode object = NODES.objectNode();
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      Object value = message.getField(field);
      if (field.isRepeated()) {
        ArrayNode array = object.putArray(field.getName());
        ((List<?>) value).forEach(element -> array.add(node(field, element)));
      } else {
        object.set(field.getName(), node(field, value));
      }
    }
    return object;
  }

  /** Bytes in hexadecimal. */
  public static String hex(ByteString bytes) {
    return HexFormat.of().formatHex(bytes.toByteArray());
  }

  private static JsonNode node(FieldDescriptor field, Object value) {
    return switch (value) {
      case Message message -> of(message);
      case ByteString bytes -> NODES.textNode(hex(bytes));
      case EnumValueDescriptor constant -> NODES.textNode(withoutPrefix(constant));
      case Integer number -> NODES.numberNode(number);
      case Long number -> NODES.numberNode(number);
      case Boolean flag -> NODES.booleanNode(flag);
      case Float number -> NODES.numberNode(number);
      case Double number -> NODES.numberNode(number);
      case String text -> NODES.textNode(text);
      default -> throw new IllegalArgumentException("no JSON for " + field.getFullName());
    };
  }

  private static String withoutPrefix(EnumValueDescriptor constant) {
    String prefix =
        CaseFormat.UPPER_CAMEL.to(CaseFormat.UPPER_UNDERSCORE, constant.getType().getName()) + "_";
    String name = constant.getName();
    return name.startsWith(prefix) ? name.substring(prefix.length()) : name;
  }
}
