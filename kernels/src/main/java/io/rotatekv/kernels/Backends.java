package io.rotatekv.kernels;

import io.rotatekv.kernels.scalar.ScalarKernels;

/** Opens CPU backends by name. */
public final class Backends {

  /**
   * A backend and why it was taken.
   *
   * @param kernels the backend
   * @param reason one sentence for the log; where it is not the fastest, it names the cure
   */
  public record Choice(Kernels kernels, String reason) {}

  private Backends() {}

  /**
   * Opens the backend {@code name}, whose large loops run on {@code team}.
   *
   * @param name {@code auto}, {@code scalar} or {@code simd}
   * @throws IllegalArgumentException where there is no such backend
   */
  public static Choice open(String name, Team team) {
    return switch (name) {
      case "auto", "scalar" -> new Choice(new ScalarKernels(team), "scalar kernels: asked for");
      default ->
          throw new IllegalArgumentException(
              "no backend '%s'; take auto, scalar or simd".formatted(name));
    };
  }
}
