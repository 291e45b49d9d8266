package io.rotatekv.kernels;

import io.rotatekv.kernels.scalar.ScalarKernels;
import io.rotatekv.kernels.simd.SimdKernels;
import java.util.Optional;

/** Opens CPU backends by name. */
public final class Backends {

  private static final String VECTOR_MODULE = "jdk.incubator.vector";
  private static final int MIN_VECTOR_BITS = 256;

  /**
   * A backend and why it was taken.
   *
   * @param kernels the backend
   * @param reason one sentence for the log; where the backend is not the fast one, it names the
   *     cure
   */
  public record Choice(Kernels kernels, String reason) {}

  private Backends() {}

  /**
   * Opens the backend {@code name}, whose large loops run on {@code team}.
   *
   * @param name {@code auto} or {@code cpu} (simd where it can run, else scalar), {@code scalar} or
   *     {@code simd}
   * @throws IllegalArgumentException where there is no such backend
   * @throws IllegalStateException where the backend cannot run here
   */
  public static Choice open(String name, Team team) {
    return switch (name) {
      case "auto", "cpu" -> auto(team);
      case "scalar" ->
          new Choice(
              new ScalarKernels(team), "scalar kernels, by request; 'auto' takes faster ones.");
      case "simd" -> {
        Optional<String> obstacle = simdObstacle();
        if (obstacle.isPresent()) {
          throw new IllegalStateException("the simd kernels cannot run: " + obstacle.get());
        }
        yield new Choice(new SimdKernels(team), "simd kernels, by request.");
      }
      default ->
          throw new IllegalArgumentException(
              "there is no CPU backend '%s'; take auto, cpu, scalar or simd".formatted(name));
    };
  }

  private static Choice auto(Team team) {
    return simdObstacle()
        .map(obstacle -> new Choice(new ScalarKernels(team), "slow scalar kernels: " + obstacle))
        .orElseGet(() ->
            new Choice(
                new SimdKernels(team),
                "simd kernels on vectors of %d bits.".formatted(SimdKernels.vectorBits())));
  }

  /** Why simd cannot run, with the cure; asked before any of its classes is loaded. */
  private static Optional<String> simdObstacle() {
    if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
      return Optional.of(
          "the module %s is missing; start java with --add-modules=%s."
              .formatted(VECTOR_MODULE, VECTOR_MODULE));
    }
    int bits = SimdKernels.vectorBits();
    if (bits < MIN_VECTOR_BITS) {
      return Optional.of(
          "vectors have %d bits and need %d; use a machine with AVX2 or wider, without a lower"
                  .formatted(bits, MIN_VECTOR_BITS)
              + " -XX:MaxVectorSize or -XX:UseAVX.");
    }
    return Optional.empty();
  }
}
