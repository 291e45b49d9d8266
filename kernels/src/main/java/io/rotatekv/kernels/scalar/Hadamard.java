package io.rotatekv.kernels.scalar;

import java.util.List;
import java.util.Map;

/**
 * Walsh-Hadamard transforms of order {@code p} and {@code f * p}, p a power of two, f 12, 20 or 28:
 * {@code H_n = H_f (x) H_p}, element {@code (i, j)} of the pair of factors at index {@code i * p +
 * j}.
 *
 * <p>{@code H_p} is Sylvester's matrix. {@code H_f} is Williamson's (1944): four symmetric
 * circulant blocks A, B, C, D of order f / 4 whose squares add up to f times the identity, arranged
 * as
 *
 * <pre>
 *  A  B  C  D
 * -B  A -D  C
 * -C  D  A -B
 * -D -C  B  A
 * </pre>
 *
 * <p>Unlike Paley's, its blocks share sums. The order of the additions is part of the block format,
 * since it decides last bits: butterflies {@code (a + b, a - b)} at distance 1, 2, 4, ... p / 2,
 * then the rows of {@code H_f}, each block summed in ascending index, then the four block sums in
 * ascending order; last the product with {@code (float) (1 / sqrt(n))}.
 */
public final class Hadamard {

  private static final int BLOCKS = 4;

  /** First rows of A, B, C, D, by the order of a block. */
  private static final Map<Integer, List<String>> FIRST_ROWS =
      Map.of(
          1, List.of(),
          3, List.of("+++", "+--", "+--", "+--"),
          5, List.of("++--+", "+-++-", "+----", "+----"),
          7, List.of("+++--++", "+-++++-", "+-++++-", "+--++--"));

  /** Which of A, B, C, D stands at each place of the arrangement, negative for its negative. */
  private static final int[][] ARRANGEMENT = {
    {1, 2, 3, 4}, {-2, 1, -4, 3}, {-3, 4, 1, -2}, {-4, -3, 2, 1}
  };

  private final int order;
  private final int power;
  private final float norm;
  private final List<String> firstRows; // of A, B, C, D; empty for a power of two
  private final float[] column; // scratch of f elements

  private Hadamard(int order, List<String> firstRows) {
    this.order = order;
    this.firstRows = firstRows;
    column = new float[firstRows.isEmpty() ? 1 : BLOCKS * firstRows.getFirst().length()];
    power = order / column.length;
    norm = (float) (1 / Math.sqrt(order));
  }

  /**
   * A transform with scratch memory of its own, for one thread.
   *
   * @throws IllegalArgumentException if there is no construction for the order here
   */
  public static Hadamard of(int order) {
    int odd = order <= 0 ? 0 : order >> Integer.numberOfTrailingZeros(order);
    List<String> firstRows = FIRST_ROWS.get(odd);
    if (firstRows == null || (odd > 1 && order % (BLOCKS * odd) != 0)) {
      throw new IllegalArgumentException(
          "no Hadamard matrix of order %d here; there are 2^k, 12 * 2^k, 20 * 2^k and 28 * 2^k"
              .formatted(order));
    }
    return new Hadamard(order, firstRows);
  }

  /** Number of elements. */
  public int order() {
    return order;
  }

  /** The power of two p of {@code order = f * p}. */
  public int power() {
    return power;
  }

  /** What makes the transform orthogonal: {@code 1 / sqrt(order)}. */
  public float norm() {
    return norm;
  }

  /** {@code x = H x}, normalized. */
  public void forward(float[] x, int offset) {
    butterflies(x, offset);
    columns(x, offset, false);
    for (int i = 0; i < order; i++) {
      x[offset + i] *= norm;
    }
  }

  /** {@code x = H^T x * sqrt(order)}: the inverse, with the norm left to the caller. */
  public void inverseUnscaled(float[] x, int offset) {
    butterflies(x, offset);
    columns(x, offset, true);
  }

  private void butterflies(float[] x, int offset) {
    for (int distance = 1; distance < power; distance *= 2) {
      for (int start = offset; start < offset + order; start += 2 * distance) {
        for (int i = start; i < start + distance; i++) {
          float a = x[i];
          float b = x[i + distance];
          x[i] = a + b;
          x[i + distance] = a - b;
        }
      }
    }
  }

  private void columns(float[] x, int offset, boolean transposed) {
    int count = column.length;
    if (count == 1) {
      return;
    }
    for (int j = offset; j < offset + power; j++) {
      for (int i = 0; i < count; i++) {
        column[i] = x[j + i * power];
      }
      for (int i = 0; i < count; i++) {
        x[j + i * power] = row(i, transposed);
      }
    }
  }

  private float row(int i, boolean transposed) {
    int width = column.length / BLOCKS;
    float sum = 0;
    for (int block = 0; block < BLOCKS; block++) {
      int place = transposed ? ARRANGEMENT[block][i / width] : ARRANGEMENT[i / width][block];
      float part = dot(firstRows.get(Math.abs(place) - 1), i % width, block * width);
      float signed = place < 0 ? -part : part;
      sum = block == 0 ? signed : sum + signed;
    }
    return sum;
  }

  /** Row {@code shift} of a circulant times the part of the column from {@code start} on. */
  private float dot(String firstRow, int shift, int start) {
    int width = firstRow.length();
    float sum = 0;
    for (int j = 0; j < width; j++) {
      boolean plus = firstRow.charAt(Math.floorMod(j - shift, width)) == '+';
      float term = plus ? column[start + j] : -column[start + j];
      sum = j == 0 ? term : sum + term;
    }
    return sum;
  }
}
