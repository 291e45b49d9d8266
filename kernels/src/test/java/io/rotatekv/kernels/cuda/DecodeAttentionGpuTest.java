package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.Samples;
import io.rotatekv.kernels.scalar.ScalarCodecs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every codec and every variant of the kernels against FP64 over the dequantized cache. */
final class DecodeAttentionGpuTest {

  private static final double BOUND = 1e-2; // of ||out - reference|| / ||reference||, per sequence
  private static final int LAYERS = 2;
  private static final int LAYER = 1;
  private static final int LARGE_BATCH = 48;
  private static final int MAX_BATCH = 5;
  private static final int MAX_BLOCKS = 6;
  private static final short POISON = (short) 0x7E00; // NaN

  private static final long NO_SINKS = 0;
  private static final long FEW_SINKS = 1L << 63 | 0b100011;
  private static final long ALL_SINKS = -1;

  private final CudaDevice device = CudaDevice.open(0);
  private final CudaStream stream = device.stream();
  private final Random random = new Random(3);

  @AfterEach
  void close() {
    stream.close();
    device.close();
  }

  /**
   * What decides the kernel.
   *
   * @param queries query heads per KV head
   */
  record Variant(CodecSpec spec, int kvHeads, int headDim, int queries) {}

  /**
   * A sequence of a batch.
   *
   * @param sinks bitmaps of its stored blocks
   */
  record Shape(int tailTokens, long... sinks) {}

  static Stream<Variant> variants() {
    return CodecSpec.ALL.stream()
        .flatMap(spec ->
            Stream.of(
                new Variant(spec, 1, 64, 1), // rotation of one head
                new Variant(spec, 5, 128, 8),
                new Variant(spec, 2, 128, 3), // of two
                new Variant(spec, 2, 64, 7),
                new Variant(spec, 3, 64, 3), // of three, order 192
                new Variant(spec, 9, 128, 5),
                new Variant(spec, 4, 128, 1), // of four: one tile of queries
                new Variant(spec, 8, 64, 2),
                new Variant(spec, 8, 128, 4), // two
                new Variant(spec, 4, 64, 3),
                new Variant(spec, 4, 128, 7), // four
                new Variant(spec, 4, 64, 8)));
  }

  static List<List<Shape>> batches() {
    return List.of(
        List.of(new Shape(1)),
        List.of(new Shape(64, FEW_SINKS, NO_SINKS, NO_SINKS)),
        // More sinks than one round of finish_attention takes; sequences with nothing stored.
        List.of(
            new Shape(7),
            new Shape(33, NO_SINKS, FEW_SINKS),
            new Shape(64),
            new Shape(1, FEW_SINKS, ALL_SINKS, NO_SINKS, ALL_SINKS, FEW_SINKS),
            new Shape(20, ALL_SINKS)),
        // Fewer parts than before: what they left must not count.
        List.of(new Shape(9, NO_SINKS), new Shape(2)));
  }

  @ParameterizedTest
  @MethodSource("variants")
  void attentionIsThatOverTheDequantizedCache(Variant variant) {
    KvShape shape = new KvShape(LAYERS, variant.kvHeads, variant.headDim);
    CodecContext context = Samples.context(variant.spec, shape);
    int heads = variant.kvHeads * variant.queries;
    double[] frequencies = Samples.frequencies(variant.headDim);
    try (RopeAngles rope = new RopeAngles(device, frequencies, MAX_BLOCKS * BLOCK_TOKENS);
        DecodeAttention attention = new DecodeAttention(device, context, heads, rope, MAX_BATCH)) {
      for (List<Shape> batch : batches()) {
        assertBatch(attention, context, heads, frequencies, batch);
      }
    }
  }

  static Stream<Variant> groupedVariants() {
    return CodecSpec.ALL.stream()
        .flatMap(spec -> Stream.of(new Variant(spec, 8, 128, 4), new Variant(spec, 4, 64, 8)));
  }

  // So many that the query heads of a KV head are ended together.
  @ParameterizedTest
  @MethodSource("groupedVariants")
  void aLargeBatchGivesTheSame(Variant variant) {
    KvShape shape = new KvShape(LAYERS, variant.kvHeads, variant.headDim);
    CodecContext context = Samples.context(variant.spec, shape);
    int heads = variant.kvHeads * variant.queries;
    double[] frequencies = Samples.frequencies(variant.headDim);
    List<Shape> some =
        List.of(
            new Shape(7),
            new Shape(33, NO_SINKS, FEW_SINKS),
            new Shape(64),
            new Shape(20, ALL_SINKS),
            new Shape(1, NO_SINKS));
    List<Shape> batch =
        IntStream.range(0, LARGE_BATCH).mapToObj(i -> some.get(i % some.size())).toList();
    try (RopeAngles rope = new RopeAngles(device, frequencies, MAX_BLOCKS * BLOCK_TOKENS);
        DecodeAttention attention =
            new DecodeAttention(device, context, heads, rope, LARGE_BATCH)) {
      assertBatch(attention, context, heads, frequencies, batch);
    }
  }

  @Test
  void shapesThatNoKernelKnowsAreRefusedWithTheCure() {
    CodecContext context = Samples.context(CodecSpec.FP16, new KvShape(1, 2, 32));
    try (RopeAngles rope = new RopeAngles(device, Samples.frequencies(32), BLOCK_TOKENS)) {
      IllegalArgumentException error =
          assertThrows(
              IllegalArgumentException.class,
              () -> new DecodeAttention(device, context, 4, rope, 1));
      assertTrue(error.toString().contains("--backend cpu"), error::toString);
    }
  }

  private void assertBatch(
      DecodeAttention attention,
      CodecContext context,
      int heads,
      double[] frequencies,
      List<Shape> batch) {
    BlockCodec codec = ScalarCodecs.create(context);
    ReferenceAttention reference = new ReferenceAttention(codec, frequencies);
    int headDim = context.shape().headDim();
    float[] query = new float[batch.size() * heads * headDim];
    for (int i = 0; i < query.length; i++) {
      query[i] = (float) (random.nextGaussian() * 1.5 / Math.sqrt(headDim));
    }
    List<ReferenceAttention.Cache> caches = new ArrayList<>();
    short[] out;
    try (DeviceBatch on = new DeviceBatch(device, stream, codec, batch.size(), MAX_BLOCKS)) {
      for (Shape shape : batch) {
        caches.add(on.add(reference, LAYER, shape.tailTokens, shape.sinks));
      }
      out = run(attention, on, query, batch.size());
    }
    for (int sequence = 0; sequence < batch.size(); sequence++) {
      double difference = 0;
      double norm = 0;
      for (int head = 0; head < heads; head++) {
        int at = (sequence * heads + head) * headDim;
        int kvHead = head / (heads / context.shape().kvHeads());
        double[] expected = reference.attend(caches.get(sequence), kvHead, query, at);
        for (int i = 0; i < headDim; i++) {
          double error = Float.float16ToFloat(out[at + i]) - expected[i];
          difference += error * error;
          norm += expected[i] * expected[i];
        }
      }
      double relative = Math.sqrt(difference / norm);
      assertTrue(relative < BOUND, "sequence %d of %s: %.2e".formatted(sequence, batch, relative));
    }
  }

  private short[] run(DecodeAttention attention, DeviceBatch on, float[] query, int batch) {
    short[] poison = new short[query.length];
    Arrays.fill(poison, POISON);
    on.upload();
    try (DeviceBuffer queries = GpuMemory.floats(device, stream, query);
        DeviceBuffer out = GpuMemory.halves(device, stream, poison)) {
      attention.schedule(on.storedBlocks(), batch, stream);
      attention.attend(
          LAYER,
          on.blocks(),
          MAX_BLOCKS,
          on.tails(),
          on.tailTokens(),
          queries.address(),
          out.address(),
          batch,
          stream);
      return GpuMemory.halves(out, stream);
    }
  }
}
