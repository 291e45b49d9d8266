package io.rotatekv.model.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.model.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads the JSON files of a folder. */
final class JsonFiles {

  private static final ObjectMapper JSON = new ObjectMapper();

  private JsonFiles() {}

  /** The object in a file that must be there. */
  static ObjectNode require(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new ModelException(
          file + ": no such file; a Hugging Face folder needs it: fetch the model again");
    }
    try {
      return object(JSON.readTree(file.toFile()), file);
    } catch (IOException e) {
      throw new ModelException(
          "%s: not valid JSON: %s; fetch it again".formatted(file, e.getMessage()), e);
    }
  }

  /** The object in a file, or an empty one where there is no file. */
  static ObjectNode find(Path file) {
    return Files.isRegularFile(file) ? require(file) : JsonNodeFactory.instance.objectNode();
  }

  /** The object in some bytes of a file. */
  static ObjectNode parse(byte[] json, Path file) {
    try {
      return object(JSON.readTree(json), file);
    } catch (IOException e) {
      throw new ModelException(
          "%s: damaged header: %s; fetch it again".formatted(file, e.getMessage()), e);
    }
  }

  private static ObjectNode object(JsonNode node, Path file) {
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw new ModelException(file + ": not a JSON object; fetch it again");
  }
}
