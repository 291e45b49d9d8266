package io.rotatekv.cli.storebench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What is measured, and for how long.
 *
 * @param warmUp how long each operation runs before anything is measured, for the JVMs' compilers
 * @param cells throughput, in this order
 * @param rounds how often each contender has its turn in a cell
 * @param roundTime how long a turn takes
 * @param lookupTime how long look-ups are timed
 */
public record Plan(
    Duration warmUp, List<Cell> cells, int rounds, Duration roundTime, Duration lookupTime) {

  private static final int KIB = 1 << 10;
  private static final int MIB = 1 << 20;
  private static final List<Integer> STREAMED = List.of(16 * KIB, MIB);
  private static final List<Integer> CLIENTS = List.of(1, 4);

  /**
   * The whole, in some ten minutes. After warm-ups of 3 s the compilers still took a third of a
   * core, and a get of 1 MiB ran at 0.6 times the speed of the same cell a minute later.
   */
  public static Plan full() {
    List<Integer> sizes = List.of(16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB);
    return new Plan(
        Duration.ofSeconds(10), cells(sizes), 5, Duration.ofMillis(500), Duration.ofSeconds(20));
  }

  /** The ends of the scale, in about a minute; good for a look. */
  public static Plan quick() {
    return new Plan(
        Duration.ofSeconds(1), cells(STREAMED), 3, Duration.ofMillis(250), Duration.ofSeconds(5));
  }

  /** What runs first, unmeasured: each operation on small values, which are the most work. */
  List<Cell> warmUpCells() {
    return Arrays.stream(Op.values()).map(op -> new Cell(op, 16 * KIB, 2)).toList();
  }

  private static List<Cell> cells(List<Integer> sizes) {
    List<Cell> cells = new ArrayList<>();
    for (Op op : Op.values()) {
      for (int bytes : op.streams() ? STREAMED : sizes) {
        CLIENTS.forEach(clients -> cells.add(new Cell(op, bytes, clients)));
      }
    }
    return List.copyOf(cells);
  }
}
