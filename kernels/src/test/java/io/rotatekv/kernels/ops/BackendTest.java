package io.rotatekv.kernels.ops;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** Base of the contract tests: both backends, on a team of two threads. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class BackendTest {

  private final Team team = Team.of(2);
  final Kernels scalar = Backends.open("scalar", team).kernels();
  final Kernels simd = Backends.open("simd", team).kernels();

  @BeforeAll
  void backendsHaveTheirNames() {
    if (!scalar.name().equals("scalar") || !simd.name().equals("simd")) {
      throw new AssertionError("the wrong backends are under test");
    }
  }

  @AfterAll
  void closeTeam() {
    team.close();
  }

  Stream<Kernels> backends() {
    return Stream.of(scalar, simd);
  }
}
