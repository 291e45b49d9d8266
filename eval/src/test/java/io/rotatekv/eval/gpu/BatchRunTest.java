package io.rotatekv.eval.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.RopeScaling;
import io.rotatekv.model.RopeSpec;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.cpu.CpuEngine;
import io.rotatekv.model.engine.cpu.LayerObserver;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is measured on a GPU, on the CPU's engine: a batch of a model with random weights. */
class BatchRunTest {

  private static final int VOCABULARY = 96;

  @Test
  void everySequenceTakesEachStep() {
    RopeSpec rope = new RopeSpec(32, 10_000, new RopeScaling.None());
    ModelConfig config =
        new ModelConfig("llama", "tiny", 2, 64, 2, 1, 32, 128, VOCABULARY, 256, 1e-5f, rope);
    try (Team team = Team.of(1);
        RandomModel model = new RandomModel(config);
        CpuEngine engine = engine(model, team);
        BatchRun run = new BatchRun(engine, VOCABULARY)) {
      assertTrue(run.prefill(3, 70) > 0);
      assertEquals(List.of(70, 70, 70), run.lengths());

      assertTrue(run.decode(2, 5) > 0);
      assertEquals(List.of(77, 77, 77), run.lengths());
    }
  }

  private static CpuEngine engine(RandomModel model, Team team) {
    ModelConfig config = model.config();
    KvShape shape = new KvShape(config.layers(), config.kvHeads(), config.headDim());
    return new CpuEngine(
        config,
        model.weights(),
        Backends.open("auto", team).kernels(),
        team,
        RandomBlocks.context(CodecSpec.CENTRED_2, shape, config.rope().blockRope()),
        Attend.BLOCK,
        new EngineLimits(256, 64),
        LayerObserver.NONE);
  }
}
