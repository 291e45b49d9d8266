package io.rotatekv.eval.gpu;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.CacheFullException;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.cuda.CudaEngine;
import io.rotatekv.model.engine.cuda.CudaOptions;
import java.util.List;
import java.util.function.Consumer;

/**
 * Figure 7 of RotateKV (Su et al. 2025): peak memory, largest batch and decode step of LLaMA-2-7B's
 * shape with random weights, prompts of 500 tokens.
 */
final class ModelBenchmark {

  private static final int INPUT = 500;

  /** By then the JVM has compiled what a step does on the host. */
  private static final int WARMUP_STEPS = 24;

  private static final int STEPS = 16;
  private static final int LIMIT_GIB = 24;
  private static final List<Integer> BATCHES = List.of(1, 16, 64);
  private static final List<CodecSpec> CODECS =
      List.of(CodecSpec.FP16, CodecSpec.SHAPED_2, CodecSpec.CENTRED_2, CodecSpec.ROTATEKV_2);

  /** More than fit at any codec. */
  private static final int MAX_BATCH = 512;

  /** A batch that does not fit is made smaller by this share: sequences leave gaps in memory. */
  private static final int SEARCH_STEPS = 50;

  private static final double GIB = 1L << 30;

  private final CudaDevice device;
  private final Kernels host;
  private final Team team;
  private final RandomModel model;

  ModelBenchmark(CudaDevice device, Kernels host, Team team, RandomModel model) {
    this.device = device;
    this.host = host;
    this.team = team;
    this.model = model;
  }

  void measure(Consumer<ModelRow> rows) {
    for (CodecSpec codec : CODECS) {
      long before = device.freeBytes();
      try (CudaEngine engine = engine(codec, CudaOptions.DEFAULT)) {
        // In ascending order, because an engine keeps the memory that it once took.
        BATCHES.forEach(batch -> rows.accept(run(engine, batch, 0, before)));
      }
      rows.accept(largest(codec));
    }
  }

  /** The largest batch that fits the limit, tried from what one sequence takes at its longest. */
  private ModelRow largest(CodecSpec codec) {
    long limit = (long) (LIMIT_GIB * GIB);
    long before = device.freeBytes();
    long fixed;
    long each;
    try (CudaEngine engine = engine(codec, new CudaOptions(0, MAX_BATCH, 0, 0.9));
        BatchRun one = new BatchRun(engine, model.config().vocabulary())) {
      one.prefill(1, INPUT);
      one.decode(WARMUP_STEPS, STEPS);
      each = engine.cacheUsed();
      fixed = before - device.freeBytes() - each;
    }
    int most = (int) Math.min(MAX_BATCH, (limit - fixed) / each);
    try (CudaEngine engine = engine(codec, new CudaOptions(0, MAX_BATCH, limit - fixed, 0.9))) {
      for (int batch = most; ; batch -= Math.max(1, batch / SEARCH_STEPS)) {
        try {
          return run(engine, batch, LIMIT_GIB, before);
        } catch (CacheFullException e) {
          if (batch == 1) {
            throw e;
          }
        }
      }
    }
  }

  /**
   * Measures one batch.
   *
   * @param limitGib the limit that the engine keeps, 0 for none
   * @param before bytes of the device that were free before the engine was made
   */
  private ModelRow run(CudaEngine engine, int batch, int limitGib, long before) {
    try (BatchRun run = new BatchRun(engine, model.config().vocabulary())) {
      double prefill = run.prefill(batch, INPUT);
      double decode = run.decode(WARMUP_STEPS, STEPS);
      return new ModelRow(
          "model",
          model.config().name(),
          engine.codec().spec().name(),
          limitGib,
          batch,
          INPUT,
          batch * INPUT / prefill,
          decode,
          batch / decode * 1e3,
          (before - device.freeBytes()) / GIB);
    }
  }

  private CudaEngine engine(CodecSpec codec, CudaOptions options) {
    ModelConfig config = model.config();
    KvShape shape = new KvShape(config.layers(), config.kvHeads(), config.headDim());
    CodecContext context = RandomBlocks.context(codec, shape, config.rope().blockRope());
    EngineLimits limits = new EngineLimits(1024, 512);
    return new CudaEngine(
        config, model.weights(), host, team, context, Attend.BLOCK, limits, options);
  }
}
