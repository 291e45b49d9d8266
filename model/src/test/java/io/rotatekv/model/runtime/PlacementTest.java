package io.rotatekv.model.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlacementTest {

  private static final Optional<String> OBSTACLE = Optional.of("no card; plug one in.");

  @Test
  void autoTakesAGpuWhereItCanRun() {
    assertTrue(Placement.of("auto", Optional::empty).cuda());
  }

  @Test
  void autoFallsBackAndSaysWhyAndWhatHelps() {
    Placement placement = Placement.of("auto", () -> OBSTACLE);

    assertFalse(placement.cuda());
    assertEquals("the CPU, for CUDA cannot run: no card; plug one in.", placement.reason());
  }

  @Test
  void cudaByNameFailsWithTheReasonAndTheCure() {
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> Placement.of("cuda", () -> OBSTACLE));

    assertEquals(
        "the cuda backend cannot run: no card; plug one in. Or take the backend cpu.",
        refused.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "simd", "scalar"})
  void backendsOfTheCpuDoNotAskForAGpu(String backend) {
    assertFalse(
        Placement.of(
                backend,
                () -> {
                  throw new AssertionError("asked for a GPU");
                })
            .cuda());
  }
}
