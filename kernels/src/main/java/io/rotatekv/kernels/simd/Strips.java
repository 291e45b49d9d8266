package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.INTS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Brings rows into strips: transposes tiles of {@code LANES x LANES} by swapping off-diagonal
 * blocks of half the size, then of a quarter, and so on (Eklundh 1972), every swap two permutations
 * of two vectors.
 */
final class Strips {

  private Strips() {}

  /**
   * Transposes {@code LANES} tokens of {@code (64, kvDim)} into {@code (kvDim, LANES)}.
   *
   * @param kvDim a multiple of {@code LANES}
   */
  static void load(float[] rows, int token, int kvDim, float[] strip) {
    int distance = LANES / 2;
    IntVector upper = upper(distance);
    IntVector lower = lower(distance);
    for (int channel = 0; channel < kvDim; channel += LANES) {
      for (int i = 0; i < distance; i++) {
        int from = (token + i) * kvDim + channel;
        swap(rows, from, distance * kvDim, upper, lower, strip, (channel + i) * LANES, distance);
      }
    }
    for (distance /= 2; distance > 0; distance /= 2) {
      refine(strip, kvDim, distance);
    }
  }

  private static void refine(float[] strip, int kvDim, int distance) {
    IntVector upper = upper(distance);
    IntVector lower = lower(distance);
    for (int start = 0; start < kvDim; start += 2 * distance) {
      for (int i = start; i < start + distance; i++) {
        int at = i * LANES;
        swap(strip, at, distance * LANES, upper, lower, strip, at, distance);
      }
    }
  }

  private static void swap(
      float[] x,
      int from,
      int pitch,
      IntVector upper,
      IntVector lower,
      float[] to,
      int at,
      int distance) {
    IntVector a = FloatVector.fromArray(TokenLanes.FLOATS, x, from).reinterpretAsInts();
    IntVector b = FloatVector.fromArray(TokenLanes.FLOATS, x, from + pitch).reinterpretAsInts();
    upper.selectFrom(a, b).reinterpretAsFloats().intoArray(to, at);
    lower.selectFrom(a, b).reinterpretAsFloats().intoArray(to, at + distance * LANES);
  }

  /** Where the first row of a swapped pair comes from; the second vector starts at LANES. */
  private static IntVector upper(int distance) {
    int[] from = new int[LANES];
    for (int lane = 0; lane < LANES; lane++) {
      from[lane] = (lane & distance) == 0 ? lane : LANES + (lane ^ distance);
    }
    return IntVector.fromArray(INTS, from, 0);
  }

  /** Where the second row of a swapped pair comes from. */
  private static IntVector lower(int distance) {
    int[] from = new int[LANES];
    for (int lane = 0; lane < LANES; lane++) {
      from[lane] = (lane & distance) == 0 ? lane | distance : LANES + lane;
    }
    return IntVector.fromArray(INTS, from, 0);
  }
}
