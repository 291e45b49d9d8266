package io.rotatekv.model.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.weights.Fingerprint;
import io.rotatekv.model.weights.MappedFile;
import io.rotatekv.model.weights.Tensor;
import io.rotatekv.model.weights.TensorSource;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a folder: those of {@code model.safetensors}, or of the shards that {@code
 * model.safetensors.index.json} names.
 */
record SafetensorsFolder(Path path, List<SafetensorsFile> files) implements TensorSource {

  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  /** Maps the files. */
  static SafetensorsFolder open(Path folder, Arena arena) {
    List<SafetensorsFile> files = new ArrayList<>();
    for (String name : names(folder)) {
      files.add(SafetensorsFile.parse(MappedFile.open(folder.resolve(name), arena)));
    }
    return new SafetensorsFolder(folder, List.copyOf(files));
  }

  @Override
  public @Nullable Tensor find(String name) {
    for (SafetensorsFile file : files) {
      Tensor tensor = file.find(name);
      if (tensor != null) {
        return tensor;
      }
    }
    return null;
  }

  /** Adds all files. */
  void addTo(Fingerprint fingerprint) {
    files.forEach(file -> file.addTo(fingerprint));
  }

  private static Iterable<String> names(Path folder) {
    Path index = folder.resolve(INDEX);
    if (!Files.exists(index)) {
      return List.of(SINGLE);
    }
    TreeSet<String> names = new TreeSet<>();
    for (JsonNode shard : JsonFiles.require(index).path("weight_map")) {
      String name = shard.asText();
      // An index from a stranger names files beside it, nothing else.
      if (!name.endsWith(".safetensors") || name.contains("/") || name.contains("\\")) {
        throw new ModelException(
            "%s: names the shard %s; fetch the model again".formatted(index, shard));
      }
      names.add(name);
    }
    if (names.isEmpty()) {
      throw new ModelException(index + ": names no shards; fetch the model again");
    }
    return names;
  }
}
