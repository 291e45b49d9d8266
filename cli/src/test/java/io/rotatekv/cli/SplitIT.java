package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.cli.ClusterFixture.Reply;
import io.rotatekv.cli.cluster.ServiceKind;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.Generator;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.fetch.ModelFetcher;
import io.rotatekv.model.runtime.ModelRuntime;
import io.rotatekv.model.runtime.RuntimeOptions;
import io.rotatekv.v1.FidelityResponse;
import io.rotatekv.v1.GenerateRequest;
import io.rotatekv.v1.LayerFidelity;
import io.rotatekv.v1.StatsResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The split changes nothing: three processes answer as one does, token for token. */
final class SplitIT {

  /** Enough to fill blocks with generated tokens, which are then written back. */
  private static final int MAX_TOKENS = 72;

  static List<CodecSpec> codecs() {
    return CodecSpec.ALL;
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void threeProcessesAnswerAsOneDoes(CodecSpec codec) throws InterruptedException {
    List<Integer> expected = new ArrayList<>();
    int[] prompt;
    KvShape shape;
    Path model = ModelFetcher.of(System.getenv()).fetch("smollm2-135m", TestPrompts.NO_PROGRESS);
    try (ModelRuntime runtime =
        ModelRuntime.open(model, RuntimeOptions.of("smollm2-135m", codec.name()))) {
      prompt = runtime.model().tokenizer().encode(TestPrompts.STORY, true);
      shape = runtime.model().kvShape();
      new Generator(runtime.engine(), runtime.model().tokenizer()::isEndOfGeneration)
          .generate(prompt, MAX_TOKENS, Sampling.GREEDY, expected::add);
    }
    GenerateRequest request =
        GenerateRequest.newBuilder().setPrompt(TestPrompts.STORY).setMaxTokens(MAX_TOKENS).build();
    int wholeBlocks = Generator.cacheableBlocks(prompt.length);
    try (ClusterFixture cluster =
        ClusterFixture.start(Map.of("ROTATEKV_MODEL_CODEC", codec.name()))) {
      Reply first = cluster.generate(request);
      assertEquals(expected, first.tokens());
      assertEquals(List.of(), first.summary().getWarningsList());
      assertEquals(0, first.summary().getCachedPrefixTokens());
      assertEquals((long) wholeBlocks * shape.layers(), first.summary().getBlocksGot());

      Reply second = cluster.generate(request);
      assertEquals(expected, second.tokens());
      assertEquals(List.of(), second.summary().getWarningsList());
      assertEquals(wholeBlocks * 64, second.summary().getCachedPrefixTokens());

      assertCompressed(codec, cluster.storeStats(), shape);
      assertFidelity(codec, cluster.fidelity(ServiceKind.PREFILL), shape);
      assertFidelity(codec, cluster.fidelity(ServiceKind.DECODE), shape);
    }
  }

  /** Both nodes have filled blocks: one of the prompt, the other of the answer. */
  private static void assertFidelity(CodecSpec codec, FidelityResponse response, KvShape shape) {
    assertEquals(shape.layers(), response.getLayersCount());
    for (LayerFidelity layer : response.getLayersList()) {
      assertEquals(codec.name(), layer.getCodec());
      assertTrue(layer.getBlocks() > 0 && layer.getSampledBlocks() > 0, layer.toString());
      boolean exact = codec.bits() == 16;
      double most = exact ? 1e-6 : 1; // 1 is the error of storing nothing
      for (double error : new double[] {layer.getKeyError(), layer.getValueError()}) {
        // What comes to the encoder of fp16 may be FP16 already.
        assertTrue((exact ? error >= 0 : error > 0) && error < most, layer.toString());
      }
      double clipped = (double) layer.getClippedCodes() / Math.max(1, layer.getCodes());
      assertTrue(exact ? layer.getCodes() == 0 : clipped < 0.3, layer.toString());
    }
  }

  private static void assertCompressed(CodecSpec codec, StatsResponse stats, KvShape shape) {
    double stored = (double) stats.getPayloadBytes() / stats.getPayloadTokens();
    double ratio = 2.0 * 2 * shape.kvDim() * shape.layers() / stored;
    double least = codec.bits() == 16 ? 0.99 : codec.bits() == 2 ? 6.5 : 13.0 / codec.bits();
    assertTrue(ratio >= least, "%s is compressed %.2fx".formatted(codec, ratio));
  }
}
