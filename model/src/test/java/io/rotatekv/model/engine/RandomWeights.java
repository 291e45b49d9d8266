package io.rotatekv.model.engine;

import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.kernels.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Weights for models of tests: normal numbers, the same in every run. */
public final class RandomWeights {

  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
  private final Arena arena;

  /** Weights that live as long as {@code arena}. */
  public RandomWeights(Arena arena) {
    this.arena = arena;
  }

  /** The weights of a norm that changes nothing. */
  public static float[] ones(int size) {
    float[] ones = new float[size];
    Arrays.fill(ones, 1f);
    return ones;
  }

  /** A bias of deviation 0.3. */
  public float[] vector(int size) {
    float[] vector = new float[size];
    for (int i = 0; i < size; i++) {
      vector[i] = (float) random.nextGaussian() * 0.3f;
    }
    return vector;
  }

  /** A matrix in FP32. */
  public Matrix matrix(int rows, int columns, double deviation) {
    MemorySegment data = arena.allocate((long) rows * columns * Float.BYTES, Long.SIZE);
    for (long i = 0; i < (long) rows * columns; i++) {
      data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (random.nextGaussian() * deviation));
    }
    return new Matrix(TensorType.F32, data, rows, columns);
  }
}
