package io.rotatekv.eval.gpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.RandomNormal;
import io.rotatekv.kernels.cuda.RopeAngles;
import io.rotatekv.model.RopeScaling;
import io.rotatekv.model.RopeSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Attention of one new token per sequence over random blocks, for all codecs and shapes. */
final class DecodeAttentionBenchmark {

  private static final double ROPE_THETA = 500_000;

  private final CudaDevice device;
  private final Kernels host;
  private final RandomNormal random;
  private final GpuTimer timer;
  private final CopyRate copy;
  private final Baselines others;

  /**
   * A benchmark on a device that nobody else uses meanwhile.
   *
   * @param others what other programs took
   */
  DecodeAttentionBenchmark(
      CudaDevice device,
      Kernels host,
      RandomNormal random,
      GpuTimer timer,
      CopyRate copy,
      Baselines others) {
    this.device = device;
    this.host = host;
    this.random = random;
    this.timer = timer;
    this.copy = copy;
    this.others = others;
  }

  /** Measures all shapes with all codecs, FP16 first: it is the others' baseline. */
  void measure(Consumer<DecodeAttentionRow> rows) {
    Map<AttentionShape, Baseline> fp16 = new HashMap<>();
    AttentionShape.ALL.stream()
        .collect(Collectors.groupingBy(AttentionShape::kvHeads))
        .values()
        .forEach(shapes -> codecs().forEach(codec -> measure(codec, shapes, fp16, rows)));
  }

  /** Codecs that differ in their blocks: those of {@code shaped2} are those of {@code centred2}. */
  private static List<CodecSpec> codecs() {
    return CodecSpec.ALL.stream().filter(codec -> !codec.equals(CodecSpec.SHAPED_2)).toList();
  }

  /** Measures shapes of the same heads, over one memory full of blocks. */
  private void measure(
      CodecSpec codec,
      List<AttentionShape> shapes,
      Map<AttentionShape, Baseline> fp16,
      Consumer<DecodeAttentionRow> rows) {
    AttentionShape first = shapes.getFirst();
    RopeSpec spec = new RopeSpec(first.headDim(), ROPE_THETA, new RopeScaling.None());
    CodecContext context =
        RandomBlocks.context(
            codec, new KvShape(1, first.kvHeads(), first.headDim()), spec.blockRope());
    int most = shapes.stream().mapToInt(s -> s.batch() * s.context()).max().orElseThrow();
    int longest = shapes.stream().mapToInt(AttentionShape::context).max().orElseThrow();
    try (RandomBlocks blocks =
            new RandomBlocks(device, host.codec(context), most / BLOCK_TOKENS, timer.stream());
        RopeAngles rope =
            new RopeAngles(device, spec.inverseFrequencies(), longest + BLOCK_TOKENS)) {
      for (AttentionShape shape : shapes) {
        try (DecodeWork work = new DecodeWork(device, random, context, shape, blocks, rope)) {
          double ms = timer.milliseconds(work.prepare(timer.stream()));
          report(codec, shape, ms, work.bytes(), fp16, rows);
        }
      }
    }
  }

  private void report(
      CodecSpec codec,
      AttentionShape shape,
      double ms,
      long bytes,
      Map<AttentionShape, Baseline> fp16,
      Consumer<DecodeAttentionRow> rows) {
    List<@Nullable Baseline> baselines = new ArrayList<>();
    others.decodeAttention(shape).ifPresent(baselines::add);
    if (codec.family() == CodecFamily.FP16) {
      fp16.put(shape, new Baseline("fp16", ms));
    } else {
      baselines.add(fp16.get(shape));
    }
    if (baselines.isEmpty()) {
      baselines.add(null);
    }
    for (@Nullable Baseline baseline : baselines) {
      rows.accept(DecodeAttentionRow.of(codec, shape, ms, bytes, copy, baseline));
    }
  }
}
