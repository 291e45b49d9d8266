package io.rotatekv.eval.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EvalRunTest {

  private static final RunKey KEY = RunKey.of("squares").with("seq", 1);
  private static final int NONE = -1;

  @TempDir Path state;
  private final List<Integer> measured = Collections.synchronizedList(new ArrayList<>());

  /** What an item gives. */
  record Square(double value) {}

  /** Squares items and fails at one of them. */
  private final class Squarer extends Worker.OneByOne<Square> {

    private final int failing;

    Squarer(int failing) {
      this.failing = failing;
    }

    @Override
    protected Square measure(int item, IntConsumer progress) {
      if (item == failing) {
        throw new IllegalStateException("item " + item);
      }
      measured.add(item);
      progress.accept(1);
      return new Square(item * item);
    }

    @Override
    public void close() {}
  }

  private List<Double> run(RunKey key, boolean fresh, int items, int failing) {
    return run("v1", key, fresh, items, failing);
  }

  private List<Double> run(String program, RunKey key, boolean fresh, int items, int failing) {
    EvalRun run = new EvalRun(state, program, fresh, 1, RunProgress.Opener.NONE);
    return run
        .run(
            new Job<>(
                "squares", key, items, 1, "items", Square.class, 9, team -> new Squarer(failing)))
        .stream()
        .map(Square::value)
        .toList();
  }

  @Test
  void resultsComeInTheOrderOfItemsWhateverWorkerHadThem() {
    EvalRun run = new EvalRun(state, "v1", false, 3, RunProgress.Opener.NONE);
    List<Square> squares =
        run.run(
            new Job<>("squares", KEY, 40, 1, "items", Square.class, 9, team -> new Squarer(NONE)));
    for (int i = 0; i < 40; i++) {
      assertEquals(i * i, squares.get(i).value());
    }
  }

  @Test
  void aRunThatWasBrokenOffGoesOnWhereItWas() {
    assertThrows(IllegalStateException.class, () -> run(KEY, false, 5, 3));
    assertEquals(List.of(0, 1, 2), measured);
    assertEquals(List.of(0.0, 1.0, 4.0, 9.0, 16.0), run(KEY, false, 5, NONE));
    assertEquals(List.of(0, 1, 2, 3, 4), measured);
  }

  @Test
  void moreItemsTakeUpTheFewerBefore() {
    run(KEY, false, 2, NONE);
    run(KEY, false, 4, NONE);
    assertEquals(List.of(0, 1, 2, 3), measured);
    assertEquals(List.of(0.0), run(KEY, false, 1, NONE));
  }

  @Test
  void anotherKeyAnotherProgramAndFreshTakeNothingUp() {
    run(KEY, false, 1, NONE);
    run(KEY.with("text", "other"), false, 1, NONE);
    run("v2", KEY, false, 1, NONE);
    run(KEY, true, 1, NONE);
    assertEquals(List.of(0, 0, 0, 0), measured);
    run(KEY, false, 1, NONE);
    assertEquals(4, measured.size());
  }

  @Test
  void aLineThatAKillCutOffIsMeasuredAgainAndHarmsNoOther() throws IOException {
    run(KEY, false, 2, NONE);
    Path file;
    try (Stream<Path> files = Files.list(state)) {
      file = files.findFirst().orElseThrow();
    }
    Files.writeString(file, "{\"item\":2,\"resu", StandardOpenOption.APPEND);
    run(KEY, false, 4, NONE);
    assertEquals(List.of(0.0, 1.0, 4.0, 9.0), run(KEY, false, 4, NONE));
    assertEquals(List.of(0, 1, 2, 3), measured);
  }

  @Test
  void theFirstFailureIsTheRunsAndEndsIt() {
    IllegalStateException failure =
        assertThrows(IllegalStateException.class, () -> run(KEY, false, 100, 0));
    assertEquals("item 0", failure.getMessage());
    assertSame(IllegalStateException.class, failure.getClass());
    assertEquals(List.of(), measured);
  }
}
