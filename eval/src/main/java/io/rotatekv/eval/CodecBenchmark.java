package io.rotatekv.eval;

import io.rotatekv.kernels.codec.BlockCodec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Speed of one codec on one core, in gigabytes of FP16 keys and values per second. */
public final class CodecBenchmark {

  private static final int MIN_RUNS = 11;
  private static final long MIN_NANOS = 500_000_000;
  private static final long MIN_WARMUP_NANOS = 2_000_000_000;

  /** A run this much faster than all before it shows that the compilers were still at work. */
  private static final double GAIN = 0.97;

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

  /** Medians over many runs of one random block, after warming up until runs get no faster. */
  public Result measure() {
    int size = BlockCodec.BLOCK_TOKENS * codec.shape().kvDim();
    float[] keys = gaussian(size);
    float[] values = gaussian(size);
    double fp16Bytes = 2.0 * 2 * size;
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
    warmUp(block);
    List<Double> seconds = new ArrayList<>();
    long start = System.nanoTime();
    while (seconds.size() < MIN_RUNS || System.nanoTime() - start < MIN_NANOS) {
      seconds.add(run(block));
    }
    Collections.sort(seconds);
    return seconds.get(seconds.size() / 2);
  }

  /**
   * Runs on for as long again as the last gain took to come, a fixed count being too few or many.
   */
  private static void warmUp(Runnable block) {
    long start = System.nanoTime();
    long lastGain = start;
    double best = Double.POSITIVE_INFINITY;
    while (System.nanoTime() - lastGain < Math.max(MIN_WARMUP_NANOS, lastGain - start)) {
      double seconds = run(block);
      if (seconds < best * GAIN) {
        best = seconds;
        lastGain = System.nanoTime();
      }
    }
  }

  private static double run(Runnable block) {
    long start = System.nanoTime();
    block.run();
    return (System.nanoTime() - start) * 1e-9;
  }
}
