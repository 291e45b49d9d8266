package io.rotatekv.model.calibration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.BlockRope;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.tensor.TensorType;
import io.rotatekv.model.Model;
import io.rotatekv.model.Models;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Generator;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.engine.cpu.CpuEngine;
import io.rotatekv.model.engine.cpu.LayerObserver;
import io.rotatekv.model.gguf.GgufBuilder;
import io.rotatekv.model.gguf.TinyGguf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model with planted key biases and outliers, which few bits harm, as they harm Qwen2. */
class GateKeeperTest {

  private static final int TOKENS = 128;
  private static final double BOUND = 1e-6;

  @TempDir private static Path folder;

  @SuppressWarnings("NullAway.Init")
  private static Calibration strict;

  @SuppressWarnings("NullAway.Init")
  private static Calibration lax;

  private static BlockRope rope = BlockRope.NONE;

  @BeforeAll
  static void gate() throws IOException {
    strict = gate(BOUND);
    lax = gate(1e12);
  }

  @Test
  void aLayerThatFewBitsHarmIsRaisedUntilTheBoundHolds() {
    Gate.Cost cost = strict.cost(CodecSpec.SHAPED_2).orElseThrow();
    assertTrue(cost.increase() <= BOUND, () -> "increase " + cost.increase());
    assertEquals("0 fp16", cost.raised());
    assertEquals(CodecSpec.FP16, strict.served(CodecSpec.SHAPED_2, rope).spec(0));
  }

  @Test
  void aCodecThatCannotBeRaisedIsRefused() {
    CalibrationException refusal =
        assertThrows(CalibrationException.class, () -> strict.served(CodecSpec.ROTATEKV_2, rope));
    assertTrue(
        String.valueOf(refusal.getMessage()).contains("take codec shaped2"), refusal::getMessage);
    // Evaluation still may look at it.
    assertEquals(CodecSpec.ROTATEKV_2, strict.context(CodecSpec.ROTATEKV_2, rope).spec(0));
  }

  @Test
  void withinTheBoundNothingIsRaised() {
    assertEquals("", lax.cost(CodecSpec.SHAPED_2).orElseThrow().raised());
    assertTrue(lax.served(CodecSpec.ROTATEKV_2, rope).uniform());
  }

  @Test
  void theGateSurvivesItsFile() {
    Path file = folder.resolve("gated.calibration");
    CalibrationFile.write(strict, file);
    assertEquals(strict.gate(), CalibrationFile.read(file).gate());
  }

  private static Calibration gate(double maxIncrease) throws IOException {
    try (Team team = Team.of(1);
        Model model = Models.open(planted().write(folder.resolve("planted.gguf")))) {
      Kernels kernels = Backends.open("auto", team).kernels();
      int[] text = favourites(model, kernels, team);
      Calibration calibration =
          new Calibrator(model, kernels, team).calibrate("text", text, TOKENS, tokens -> {});
      rope = model.blockRope();
      return new GateKeeper(model, kernels, team)
          .gate(calibration, text, TOKENS, maxIncrease, tokens -> {});
    }
  }

  /** What the model says by itself, so that whatever disturbs it makes that less likely. */
  private static int[] favourites(Model model, Kernels kernels, Team team) {
    try (CpuEngine engine =
        new CpuEngine(
            model.config(),
            model.weights(),
            kernels,
            team,
            CodecContext.fp16(model.kvShape()),
            Attend.BLOCK,
            new EngineLimits(TOKENS, TOKENS),
            LayerObserver.NONE)) {
      List<Integer> said =
          new Generator(engine, token -> false)
              .generate(new int[] {1}, TOKENS - 1, Sampling.GREEDY, token -> {});
      return said.stream().mapToInt(Integer::intValue).limit(TOKENS - 1).toArray();
    }
  }

  private static GgufBuilder planted() {
    GgufBuilder builder = TinyGguf.model("qwen2", TensorType.F32);
    Random random = new Random(5);
    int queries = TinyGguf.HEADS * TinyGguf.HEAD_DIM;
    int keys = TinyGguf.KV_HEADS * TinyGguf.HEAD_DIM;
    matrix(builder, "token_embd", TinyGguf.VOCABULARY, 1, random);
    matrix(builder, "blk.0.attn_q", queries, 0.2, random);
    matrix(builder, "blk.0.attn_k", keys, 0.2, random);
    matrix(builder, "blk.0.attn_v", keys, 0.3, random);
    matrix(builder, "blk.0.attn_output", TinyGguf.HIDDEN, 0.3, random);
    for (String name : List.of("ffn_gate", "ffn_up", "ffn_down")) {
      matrix(builder, "blk.0." + name, TinyGguf.HIDDEN, 0.02, random);
    }
    builder.vector("blk.0.attn_q.bias", offsets(queries, 1));
    builder.vector("blk.0.attn_k.bias", offsets(keys, 20));
    builder.vector("blk.0.attn_v.bias", new float[keys]);
    return builder;
  }

  private static void matrix(
      GgufBuilder builder, String name, int rows, double deviation, Random random) {
    ByteBuffer data =
        ByteBuffer.allocate(rows * TinyGguf.HIDDEN * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (data.hasRemaining()) {
      data.putFloat((float) (deviation * random.nextGaussian()));
    }
    builder.tensor(name + ".weight", TensorType.F32, rows, TinyGguf.HIDDEN, data.array());
  }

  private static float[] offsets(int channels, float size) {
    float[] offsets = new float[channels];
    for (int channel = 0; channel < channels; channel += 7) {
      offsets[channel] = channel % 2 == 0 ? size : -size;
    }
    return offsets;
  }
}
