package io.rotatekv.kernels.codec;

/**
 * The order of codes within a row: that of the A operand of {@code mma.m16n8k16}, so that a lane of
 * the GPU finds its codes side by side. Lane {@code t} of four holds, of each step of 16 elements,
 * those with index {@code 2t + {0, 1, 8, 9}}; fields are ordered by lane, then step.
 */
public final class FieldOrder {

  private static final int STEP = 16;
  private static final int LANE_ELEMENTS = 4;

  private FieldOrder() {}

  /**
   * Field numbers by element.
   *
   * @param elements elements of a row, a multiple of 16
   */
  public static int[] fields(int elements) {
    int steps = elements / STEP;
    int[] fields = new int[elements];
    for (int element = 0; element < elements; element++) {
      int step = element / STEP;
      int lane = element % 8 / 2;
      int place = element % 2 + element % STEP / 8 * 2;
      fields[element] = (lane * steps + step) * LANE_ELEMENTS + place;
    }
    return fields;
  }

  /** Elements by field number, the inverse of {@link #fields}. */
  public static int[] elements(int elements) {
    int[] fields = fields(elements);
    int[] inverse = new int[elements];
    for (int element = 0; element < elements; element++) {
      inverse[fields[element]] = element;
    }
    return inverse;
  }
}
