package io.rotatekv.kernels.bench;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.Samples;
import io.rotatekv.kernels.scalar.ScalarCodecs;
import io.rotatekv.kernels.simd.SimdCodecs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;

/**
 * Encoding and decoding of one block on one thread. Speed is counted in the bytes that the elements
 * take as FP16.
 */
@SuppressWarnings("NullAway.Init") // JMH fills the fields.
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class CodecBenchmark {

  @Param({"scalar", "simd"})
  String backend;

  @Param({"fp16", "rotatekv2", "rotatekv3", "rotatekv4", "centred2"})
  String codec;

  @Param({"3x64", "8x128"})
  String shape;

  private BlockCodec instance;
  private MemorySegment block;
  private float[] keys;
  private float[] values;
  private float[] decoded;

  @Setup
  public void prepare() {
    String[] sides = shape.split("x", -1);
    KvShape kv = new KvShape(1, Integer.parseInt(sides[0]), Integer.parseInt(sides[1]));
    CodecContext context = Samples.context(CodecSpec.parse(codec), kv);
    instance = backend.equals("simd") ? SimdCodecs.create(context) : ScalarCodecs.create(context);
    block = Arena.ofAuto().allocate(instance.maxBlockBytes(), 64);
    keys = Samples.rows(kv, 1);
    values = Samples.rows(kv, 2);
    decoded = new float[keys.length];
    encode();
  }

  @Benchmark
  public int encode() {
    return instance.encode(0, keys, values, 0, block);
  }

  @Benchmark
  public float[] decodeKeys() {
    instance.decodeKeys(block, decoded);
    return decoded;
  }

  @Benchmark
  public float[] decodeValues() {
    instance.decodeValues(block, decoded);
    return decoded;
  }

  /** Runs with JMH's own arguments and prints GB/s of FP16 elements. */
  public static void main(String[] args) throws CommandLineOptionException, RunnerException {
    for (RunResult result : new Runner(new CommandLineOptions(args)).run()) {
      BenchmarkParams params = result.getParams();
      String name = params.getBenchmark().replaceAll(".*\\.", "");
      String[] sides = params.getParam("shape").split("x", -1);
      int elements = 64 * Integer.parseInt(sides[0]) * Integer.parseInt(sides[1]);
      int bytes = elements * Short.BYTES * (name.equals("encode") ? 2 : 1);
      System.out.printf(
          "%-6s %-9s %-6s %-12s %7.2f GB/s%n",
          params.getParam("backend"),
          params.getParam("codec"),
          params.getParam("shape"),
          name,
          result.getPrimaryResult().getScore() * bytes / 1000);
    }
  }
}
