package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.INTS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Brings rows into strips: transposes tiles of {@code LANES x LANES} by swapping off-diagonal
 * blocks of half the size, then of a quarter, and so on (Eklundh 1972), every swap two permutations
 * of two vectors. Two sizes are done per pass over memory.
 */
final class Strips {

  /** Lanes by distance; those of the second vector of a pair start at {@code LANES}. */
  private static final int[] UPPER = new int[Integer.numberOfTrailingZeros(LANES) * LANES];

  private static final int[] LOWER = new int[UPPER.length];

  static {
    for (int i = 0; i < UPPER.length; i++) {
      int distance = 1 << (i / LANES);
      int lane = i % LANES;
      boolean kept = (lane & distance) == 0;
      UPPER[i] = kept ? lane : LANES + (lane ^ distance);
      LOWER[i] = kept ? lane | distance : LANES + lane;
    }
  }

  private Strips() {}

  /**
   * Transposes {@code LANES} rows of {@code (rows, channels)} into {@code (channels, LANES)}.
   *
   * @param row the first of the rows
   * @param channels a multiple of {@code LANES}
   */
  static void load(float[] rows, int row, int channels, float[] strip) {
    int distance = LANES / 2;
    for (int channel = 0; channel < channels; channel += LANES) {
      int from = row * channels + channel;
      swapTwice(rows, from, channels, strip, channel * LANES, LANES, distance);
    }
    for (distance /= 4; distance > 1; distance /= 4) {
      swapTwice(strip, 0, LANES, strip, 0, channels, distance);
    }
    if (distance == 1) {
      swapOnce(strip, channels);
    }
  }

  /**
   * Swaps blocks of {@code distance} rows and columns and then of half as many.
   *
   * @param pitch from one row of {@code x} to the next; those of {@code to} are {@code LANES} long
   */
  private static void swapTwice(
      float[] x, int from, int pitch, float[] to, int at, int rows, int distance) {
    IntVector upper = upper(distance);
    IntVector lower = lower(distance);
    int step = distance / 2;
    IntVector upperHalf = upper(step);
    IntVector lowerHalf = lower(step);
    for (int quad = 0; quad < rows / 4; quad++) {
      // One loop in place of two, whose inner one would be as short as a single turn.
      int i = quad + (quad & -step) * 3;
      IntVector a = row(x, from + i * pitch);
      IntVector b = row(x, from + (i + step) * pitch);
      IntVector c = row(x, from + (i + 2 * step) * pitch);
      IntVector d = row(x, from + (i + 3 * step) * pitch);
      IntVector ac = upper.selectFrom(a, c);
      IntVector bd = upper.selectFrom(b, d);
      IntVector ca = lower.selectFrom(a, c);
      IntVector db = lower.selectFrom(b, d);
      store(upperHalf.selectFrom(ac, bd), to, at + i * LANES);
      store(lowerHalf.selectFrom(ac, bd), to, at + (i + step) * LANES);
      store(upperHalf.selectFrom(ca, db), to, at + (i + 2 * step) * LANES);
      store(lowerHalf.selectFrom(ca, db), to, at + (i + 3 * step) * LANES);
    }
  }

  /** Swaps single elements: the last step where {@code LANES} is not a power of four. */
  private static void swapOnce(float[] strip, int rows) {
    IntVector upper = upper(1);
    IntVector lower = lower(1);
    for (int i = 0; i < rows; i += 2) {
      IntVector a = row(strip, i * LANES);
      IntVector b = row(strip, (i + 1) * LANES);
      store(upper.selectFrom(a, b), strip, i * LANES);
      store(lower.selectFrom(a, b), strip, (i + 1) * LANES);
    }
  }

  private static IntVector row(float[] x, int at) {
    return FloatVector.fromArray(FLOATS, x, at).reinterpretAsInts();
  }

  private static void store(IntVector row, float[] to, int at) {
    row.reinterpretAsFloats().intoArray(to, at);
  }

  /** Where the first row of a swapped pair comes from. */
  private static IntVector upper(int distance) {
    return IntVector.fromArray(INTS, UPPER, Integer.numberOfTrailingZeros(distance) * LANES);
  }

  /** Where the second row of a swapped pair comes from. */
  private static IntVector lower(int distance) {
    return IntVector.fromArray(INTS, LOWER, Integer.numberOfTrailingZeros(distance) * LANES);
  }
}
