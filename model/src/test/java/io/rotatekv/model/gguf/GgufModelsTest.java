package io.rotatekv.model.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.kernels.tensor.TensorType;
import io.rotatekv.model.Model;
import io.rotatekv.model.Models;
import io.rotatekv.model.RopeScaling;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GgufModelsTest {

  private static final int QUERY_ROWS = TinyGguf.HEADS * TinyGguf.HEAD_DIM;
  private static final int KEY_ROWS = TinyGguf.KV_HEADS * TinyGguf.HEAD_DIM;

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource
  void mapsEveryTensorType(TensorType type) throws IOException {
    try (Model model = open(TinyGguf.model("llama", type))) {
      Matrix down = model.weights().layers().getFirst().down();
      assertEquals(type, down.type());
      assertEquals(type.rowBytes(TinyGguf.HIDDEN) * TinyGguf.HIDDEN, down.data().byteSize());
      assertEquals(new KvShape(1, TinyGguf.KV_HEADS, TinyGguf.HEAD_DIM), model.kvShape());
      assertEquals(TinyGguf.VOCABULARY, model.config().vocabulary());
      assertEquals(1e-6f, model.config().rmsEpsilon());
      assertEquals(500_000, model.config().rope().theta());
    }
  }

  @Test
  void putsRowsOfLlamaIntoHalves() throws IOException {
    try (Model model = open(numbered("llama"))) {
      Matrix query = model.weights().layers().getFirst().query();
      Matrix key = model.weights().layers().getFirst().key();
      // Row 2i of a head is channel i, row 2i + 1 is channel i + headDim / 2.
      assertEquals(0, row(query, 0));
      assertEquals(2, row(query, 1));
      assertEquals(1, row(query, TinyGguf.HEAD_DIM / 2));
      assertEquals(3, row(query, TinyGguf.HEAD_DIM / 2 + 1));
      assertEquals(3 * TinyGguf.HEAD_DIM + 63, row(query, QUERY_ROWS - 1));
      assertEquals(TinyGguf.HEAD_DIM + 1, row(key, TinyGguf.HEAD_DIM + TinyGguf.HEAD_DIM / 2));
    }
  }

  @Test
  void keepsRowsAndReadsBiasesOfQwen2() throws IOException {
    float[] bias = new float[KEY_ROWS];
    for (int i = 0; i < KEY_ROWS; i++) {
      bias[i] = i / 2f;
    }
    try (Model model = open(numbered("qwen2").vector("blk.0.attn_k.bias", bias))) {
      var layer = model.weights().layers().getFirst();
      assertEquals(33, row(layer.query(), 33));
      assertArrayEquals(bias, layer.keyBias());
      assertNull(layer.queryBias());
    }
  }

  @Test
  void sharesTheEmbeddingOnlyWithoutAnOutputMatrix() throws IOException {
    GgufBuilder builder = TinyGguf.model("llama", TensorType.Q8_0);
    try (Model model = open(builder)) {
      assertSame(model.weights().embedding(), model.weights().output());
    }
    int rowBytes = (int) TensorType.Q8_0.rowBytes(TinyGguf.HIDDEN);
    builder.tensor(
        "output.weight",
        TensorType.Q8_0,
        TinyGguf.VOCABULARY,
        TinyGguf.HIDDEN,
        new byte[rowBytes * TinyGguf.VOCABULARY]);
    try (Model model = open(builder)) {
      assertNotSame(model.weights().embedding(), model.weights().output());
    }
  }

  @Test
  void readsRopeScaling() throws IOException {
    GgufBuilder builder = TinyGguf.model("llama", TensorType.Q8_0);
    try (Model model = open(builder)) {
      assertEquals(new RopeScaling.None(), model.config().rope().scaling());
    }
    builder.set("llama.rope.scaling.type", "linear").set("llama.rope.scaling.factor", 4f);
    try (Model model = open(builder)) {
      assertEquals(new RopeScaling.Linear(4), model.config().rope().scaling());
    }
    float[] divisors = new float[TinyGguf.HEAD_DIM / 2];
    Arrays.fill(divisors, 8);
    divisors[0] = 1;
    try (Model model = open(builder.vector("rope_freqs.weight", divisors))) {
      double[] frequencies = model.config().rope().inverseFrequencies();
      assertEquals(1, frequencies[0]);
      assertEquals(Math.pow(500_000, -2.0 / TinyGguf.HEAD_DIM) / 8, frequencies[1], 1e-15);
    }
  }

  @Test
  void fingerprintTellsWeightsApart() throws IOException {
    GgufBuilder builder = TinyGguf.model("llama", TensorType.Q8_0);
    String first = fingerprint(builder);
    assertEquals(first, fingerprint(builder));
    assertEquals(64, first.length());
    float[] norm = new float[TinyGguf.HIDDEN];
    assertNotEquals(first, fingerprint(builder.vector("output_norm.weight", norm)));
  }

  @Test
  void tokenizesBytesAndControlTokens() throws IOException {
    try (Model model = open(TinyGguf.model("llama", TensorType.Q8_0))) {
      var tokenizer = model.tokenizer();
      assertArrayEquals(new int[] {257, 256, 'y'}, tokenizer.encode("hey", true));
      assertArrayEquals(new int[] {'a', 258}, tokenizer.encode("a<|im_end|>", false));
      assertEquals("<|im_end|>".length(), tokenizer.encodeLiteral("<|im_end|>").length);
      assertEquals(List.of(true, true, false), ends(model, 258, 259, 257));
    }
  }

  private static List<Boolean> ends(Model model, int... ids) {
    return Arrays.stream(ids).mapToObj(model.tokenizer()::isEndOfGeneration).toList();
  }

  private static GgufBuilder numbered(String architecture) {
    int hidden = TinyGguf.HIDDEN;
    return TinyGguf.model(architecture, TensorType.F32)
        .tensor(
            "blk.0.attn_q.weight",
            TensorType.F32,
            QUERY_ROWS,
            hidden,
            TinyGguf.rowNumbers(QUERY_ROWS, hidden))
        .tensor(
            "blk.0.attn_k.weight",
            TensorType.F32,
            KEY_ROWS,
            hidden,
            TinyGguf.rowNumbers(KEY_ROWS, hidden));
  }

  private static float row(Matrix matrix, int row) {
    return matrix
        .data()
        .get(
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
            row * matrix.rowBytes());
  }

  private String fingerprint(GgufBuilder builder) throws IOException {
    try (Model model = open(builder)) {
      return model.fingerprint();
    }
  }

  private Model open(GgufBuilder builder) throws IOException {
    return Models.open(builder.write(folder.resolve("tiny.gguf")));
  }
}
