package io.rotatekv.model.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.LogProbability;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sampler;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import io.rotatekv.model.fetch.ModelFetcher;
import io.rotatekv.model.fetch.ProgressListener;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/**
 * The FP16-cache path against {@code transformers} in FP32 on the same GGUF; the golden file was
 * made by {@code eval/reference/golden_logits.py}.
 */
final class GoldenLogitsTest {

  private static final String MODEL = "smollm2-135m";

  @Test
  void topTokensAndPerplexityAreThoseOfTheReference() throws IOException {
    JsonNode golden = golden();
    int[] tokens = ints(golden.get("tokens"));
    JsonNode reference = golden.get("references").get("transformers");
    int[] agreeing = {0};
    double[] nll = {0};
    Path model = ModelFetcher.of(System.getenv()).fetch(MODEL, ProgressListener.NONE);
    try (ModelRuntime runtime = ModelRuntime.open(model, RuntimeOptions.of(MODEL, "fp16"));
        Sequence sequence = runtime.engine().open(BlockListener.NONE)) {
      int vocabulary = runtime.model().config().vocabulary();
      Output.LogitsConsumer consumer =
          (index, logits, offset) -> {
            if (Sampler.sample(logits, offset, vocabulary, Sampling.GREEDY, index)
                == reference.get("top_ids").get(index).get(0).asInt()) {
              agreeing[0]++;
            }
            if (index + 1 < tokens.length) {
              nll[0] -= LogProbability.of(logits, offset, vocabulary, tokens[index + 1]);
            }
          };
      runtime.engine().run(List.of(new Step(sequence, tokens, new Output.Logits(consumer))));
    }
    assertTrue(agreeing[0] >= 0.99 * tokens.length, agreeing[0] + " of " + tokens.length);
    double expected = 0;
    for (JsonNode value : reference.get("nll")) {
      expected += value.asDouble();
    }
    int predicted = tokens.length - 1;
    double ppl = Math.exp(expected / predicted);
    assertEquals(ppl, Math.exp(nll[0] / predicted), 0.005 * ppl);
  }

  private static JsonNode golden() throws IOException {
    try (InputStream in =
        new GZIPInputStream(
            Objects.requireNonNull(
                GoldenLogitsTest.class.getResourceAsStream("/golden/smollm2-logits.json.gz")))) {
      return new ObjectMapper().readTree(in);
    }
  }

  private static int[] ints(JsonNode array) {
    int[] ints = new int[array.size()];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = array.get(i).asInt();
    }
    return ints;
  }
}
