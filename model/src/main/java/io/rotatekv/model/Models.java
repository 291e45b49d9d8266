package io.rotatekv.model;

import io.rotatekv.model.gguf.GgufModels;
import io.rotatekv.model.safetensors.HuggingFaceModels;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens models. */
public final class Models {

  private Models() {}

  /**
   * Opens a GGUF file, or a Hugging Face folder with {@code config.json}, {@code tokenizer.json}
   * and safetensors.
   *
   * @throws ModelException if it is missing, damaged or not supported
   */
  @SuppressWarnings("MustBeClosedChecker") // The model takes the arena over.
  public static Model open(Path path) {
    Arena arena = Arena.ofShared();
    try {
      return Files.isDirectory(path)
          ? HuggingFaceModels.open(path, arena)
          : GgufModels.open(path, arena);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }
}
