package io.rotatekv.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackendsTest {

  private final Team team = Team.of(1);

  @Test
  void opensBackendsByName() {
    assertEquals("scalar", Backends.open("scalar", team).kernels().name());
    assertEquals("simd", Backends.open("simd", team).kernels().name());
  }

  @Test
  void autoAndCpuTakeSimdHere() {
    assertEquals("simd", Backends.open("auto", team).kernels().name());
    assertEquals("simd", Backends.open("cpu", team).kernels().name());
  }

  @Test
  void unknownNamesAreRefusedWithTheKnownOnes() {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> Backends.open("sse", team));
    assertTrue(refused.toString().contains("auto, cpu, scalar or simd"), refused::toString);
  }

  @Test
  void autoFallsBackWithoutTheVectorModuleAndNamesTheCure() throws Exception {
    String said = openElsewhere("auto", List.of());
    assertTrue(said.startsWith("scalar: "), said);
    assertTrue(said.contains("--add-modules=jdk.incubator.vector"), said);
  }

  @Test
  void autoFallsBackOnNarrowVectorsAndNamesTheCure() throws Exception {
    String said =
        openElsewhere(
            "auto", List.of("--add-modules=jdk.incubator.vector", "-XX:MaxVectorSize=16"));
    assertTrue(said.contains("scalar: "), said);
    assertTrue(said.contains("128 bits"), said);
  }

  @Test
  void simdFailsWithoutTheVectorModuleAndNamesTheCure() throws Exception {
    String said = openElsewhere("simd", List.of());
    assertTrue(said.contains("IllegalStateException: the simd kernels cannot run"), said);
    assertTrue(said.contains("--add-modules=jdk.incubator.vector"), said);
  }

  /** Prints what became of the backend {@code args[0]} in this virtual machine. */
  public static void main(String[] args) {
    Backends.Choice choice = Backends.open(args[0], Team.of(1));
    System.out.println(choice.kernels().name() + ": " + choice.reason());
  }

  private static String openElsewhere(String name, List<String> options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(BackendsTest.class.getName(), name));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }
}
