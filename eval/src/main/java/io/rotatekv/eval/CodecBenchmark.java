package io.rotatekv.eval;

import io.rotatekv.kernels.codec.BlockCodec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Speed of one codec on one core, in gigabytes of FP16 keys and values per second. */
public final class CodecBenchmark {

  private static final int BLOCKS = 64;
  private static final int RUNS = 21;
  private static final long SEED = 1;

  /**
   * Speeds of one codec.
   *
   * @param encodeGbS FP16 bytes encoded per second, in 1e9
   * @param decodeGbS FP16 bytes decoded per second, in 1e9
   */
  public record Result(double encodeGbS, double decodeGbS) {}

  private final BlockCodec codec;

  /** A benchmark of one codec instance. */
  public CodecBenchmark(BlockCodec codec) {
    this.codec = codec;
  }

  /** Medians over runs of many random blocks, after as many runs to warm up. */
  public Result measure() {
    int size = BlockCodec.BLOCK_TOKENS * codec.shape().kvDim();
    float[] keys = gaussian(size);
    float[] values = gaussian(size);
    double fp16Bytes = 2.0 * 2 * size * BLOCKS;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(codec.maxBlockBytes(), Long.SIZE);
      double encode = median(() -> codec.encode(0, keys, values, 0L, out));
      MemorySegment block = out.asSlice(0, codec.encode(0, keys, values, 0L, out));
      double decode =
          median(() -> {
            codec.decodeKeys(block, keys);
            codec.decodeValues(block, values);
          });
      return new Result(fp16Bytes / encode * 1e-9, fp16Bytes / decode * 1e-9);
    }
  }

  private static float[] gaussian(int size) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
    float[] x = new float[size];
    for (int i = 0; i < size; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  private static double median(Runnable block) {
    double[] seconds = new double[RUNS];
    for (int pass = 0; pass < 2; pass++) {
      for (int run = 0; run < RUNS; run++) {
        long start = System.nanoTime();
        for (int i = 0; i < BLOCKS; i++) {
          block.run();
        }
        seconds[run] = (System.nanoTime() - start) * 1e-9;
      }
    }
    Arrays.sort(seconds);
    return seconds[RUNS / 2];
  }
}
