package io.rotatekv.kernels.bench;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Warmup;

/** One full tile of 64 tokens for the queries that share a KV head. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class TileAttentionBenchmark {

  private static final int TOKENS = 64;

  @Param({"scalar", "simd"})
  String backend = "simd";

  @Param({"1", "3", "4"})
  int queries = 1;

  @Param({"64", "128"})
  int headDim = 64;

  private final Team team = Team.of(1);
  private Kernels kernels = Backends.open("simd", team).kernels();
  private float[] q = new float[0];
  private float[] keys = new float[0];
  private float[] values = new float[0];
  private float[] state = new float[0];
  private float[] out = new float[0];

  @Setup
  public void open() {
    kernels = Backends.open(backend, team).kernels();
    q = filled(queries * headDim);
    keys = filled(headDim * TOKENS);
    values = filled(TOKENS * headDim);
    state = new float[2 * queries];
    out = new float[queries * headDim];
  }

  @Benchmark
  public float[] fold() {
    kernels
        .attention()
        .fold(q, 0, queries, headDim, keys, 0, values, 0, headDim, TOKENS, state, 0, out, 0);
    return out;
  }

  private static float[] filled(int count) {
    float[] x = new float[count];
    Arrays.fill(x, 0.01f);
    return x;
  }
}
