package io.rotatekv.model.runtime;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * Where a model runs.
 *
 * @param cuda on a GPU, else on the CPU
 * @param reason one sentence for the log
 */
record Placement(boolean cuda, String reason) {

  /**
   * Decides by the backend's name: {@code auto} takes a GPU unless there is an obstacle, {@code
   * cuda} takes one, every other name is one of the CPU's.
   *
   * @param obstacle why the model cannot run on a GPU here, with the cure; asked only where a GPU
   *     may be taken
   * @throws IllegalStateException if {@code cuda} is asked for and cannot run
   */
  static Placement of(String backend, Supplier<Optional<String>> obstacle) {
    return switch (backend) {
      case "auto" ->
          obstacle
              .get()
              .map(reason -> new Placement(false, "the CPU, for CUDA cannot run: " + reason))
              .orElseGet(() -> new Placement(true, "a GPU, for CUDA can run."));
      case "cuda" -> {
        obstacle
            .get()
            .ifPresent(reason -> {
              throw new IllegalStateException(
                  "the cuda backend cannot run: %s Or take the backend cpu.".formatted(reason));
            });
        yield new Placement(true, "a GPU, by request.");
      }
      default -> new Placement(false, "the CPU, by request.");
    };
  }
}
