package io.rotatekv.kernels.bench;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.kernels.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Products with a matrix of 100 MB in FP32, larger than a last-level cache as a model's weights
 * are: {@code rows} 1 is decode, to be held against the memory's bandwidth; 512 is prefill.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
public class MatMulBenchmark {

  private static final int OUTPUTS = 12_288;
  private static final int COLUMNS = 2_048;

  @Param({"Q4_1", "Q8_0", "Q4_K", "Q6_K", "F16"})
  TensorType type = TensorType.Q4_1;

  @Param({"1", "4", "512"})
  int rows = 1;

  @Param("1")
  int threads = 1;

  private Team team = Team.of(1);
  private Kernels kernels = Backends.open("simd", team).kernels();
  private Matrix weights = weights(TensorType.Q4_1);
  private float[] x = new float[0];
  private float[] y = new float[0];

  /** What a second computes and reads. */
  @AuxCounters
  @State(Scope.Thread)
  public static class Work {
    /** Floating-point operations, in units of 10^9. */
    public double gflop;

    /** Bytes of weights, in units of 10^9. */
    public double gigabytes;
  }

  @Setup
  public void open() {
    team = Team.of(threads);
    kernels = Backends.open("simd", team).kernels();
    weights = weights(type);
    x = new float[rows * COLUMNS];
    y = new float[rows * OUTPUTS];
    Arrays.fill(x, 0.5f);
  }

  @TearDown
  public void close() {
    team.close();
  }

  @Benchmark
  public float[] multiply(Work work) {
    kernels.matMul().multiply(weights, x, rows, y);
    work.gflop += 2e-9 * rows * OUTPUTS * COLUMNS;
    work.gigabytes += 1e-9 * OUTPUTS * weights.rowBytes();
    return y;
  }

  /** Every byte 0x2c makes small FP16 scales and quants that are not all alike. */
  private static Matrix weights(TensorType type) {
    MemorySegment data = Arena.ofAuto().allocate(type.rowBytes(COLUMNS) * OUTPUTS, 64);
    data.fill((byte) 0x2c);
    return new Matrix(type, data, OUTPUTS, COLUMNS);
  }
}
