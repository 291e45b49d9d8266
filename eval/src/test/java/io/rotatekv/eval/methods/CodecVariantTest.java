package io.rotatekv.eval.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.codec.BlockRope;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.FormatVersion;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import io.rotatekv.model.RopeScaling;
import io.rotatekv.model.RopeSpec;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class CodecVariantTest {

  private static final KvShape SHAPE = new KvShape(6, 1, 64);
  private static final BlockRope ROPE =
      new RopeSpec(SHAPE.headDim(), 10_000, new RopeScaling.None()).blockRope();
  private static final int TOKENS = 128;

  private final float[] keys = normal(1);
  private final float[] values = normal(2);

  private static float[] normal(long seed) {
    Random random = new Random(seed);
    float[] numbers = new float[TOKENS * SHAPE.kvDim()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  private static MethodDefinition.Ingredients ingredients() {
    LayerCalibration layer =
        new LayerCalibration(
            new float[SHAPE.kvDim()],
            8,
            5,
            8,
            5,
            Float.POSITIVE_INFINITY,
            LayerCalibration.evenImportance(SHAPE));
    List<LayerCalibration> layers = Collections.nCopies(SHAPE.layers(), layer);
    return new MethodDefinition.Ingredients() {
      @Override
      public KvShape shape() {
        return SHAPE;
      }

      @Override
      public CalibrationSample sample() {
        throw new UnsupportedOperationException();
      }

      @Override
      public float[] sinkThresholds() {
        throw new UnsupportedOperationException();
      }

      @Override
      public CodecContext codec(CodecSpec spec) {
        return spec.family() == CodecFamily.FP16
            ? CodecContext.fp16(SHAPE)
            : new CodecContext(spec, SHAPE, layers, 1, ROPE);
      }
    };
  }

  private StoredLayer store(String name) {
    return MethodCatalog.find(name, SHAPE)
        .orElseThrow()
        .fit(ingredients())
        .store(SmallWindow.of(SHAPE, keys, values));
  }

  private static double error(float[] exact, float[] actual) {
    double sum = 0;
    for (int i = 0; i < exact.length; i++) {
      sum += Math.pow(exact[i] - actual[i], 2);
    }
    return sum / exact.length;
  }

  @Test
  void keysAndValuesHaveTheCodecsOfTheirSides() {
    StoredLayer mixed = store("shaped4+shaped2");
    assertArrayEquals(store("shaped4").keys(), mixed.keys());
    assertArrayEquals(store("shaped2").values(), mixed.values());
    // Half of a block of each: headers and bitmaps of 64 bytes, and 3 bits between 4 and 2.
    assertEquals((store("shaped4").bits() + store("shaped2").bits()) / 2, mixed.bits());
    assertEquals(3, MethodCatalog.find("shaped4+shaped2", SHAPE).orElseThrow().bits());
  }

  @Test
  void aSideInFp16IsLeftAsItIs() {
    assertTrue(error(keys, store("fp16+shaped2").keys()) < 1e-6);
    assertTrue(error(values, store("fp16+shaped2").values()) > 1e-2);
  }

  @Test
  void anotherClipGivesOtherCodes() {
    assertNotEquals(
        error(keys, store("rotatekv2").keys()), error(keys, store("rotatekv2-clip60").keys()));
    assertArrayEquals(store("rotatekv2").keys(), store("rotatekv2-clip80").keys());
  }

  @Test
  void edgesAreTheFirstTwoAndTheLastTwoLayersOrAsManyAsTheNameSays() {
    assertEquals(
        List.of("rotatekv4", "rotatekv4", "rotatekv2", "rotatekv2", "rotatekv4", "rotatekv4"),
        layers("rotatekv2-edges4"));
    assertEquals(
        List.of("shaped3", "shaped2", "shaped2", "shaped2", "shaped2", "shaped3"),
        layers("shaped2-edges3x1"));
  }

  @Test
  void finishedWorkIsNotTakenUpUnderAnotherBlockFormat() {
    String parameters = MethodCatalog.find("shaped3+shaped2", SHAPE).orElseThrow().parameters();
    assertTrue(parameters.endsWith(" block format " + FormatVersion.CURRENT), parameters);
  }

  private static List<String> layers(String name) {
    CodecVariant variant = CodecVariant.parse(name).orElseThrow();
    return variant.context(variant.keys(), ingredients()).layerSpecs().stream()
        .map(CodecSpec::name)
        .toList();
  }

  @Test
  void newestTokensAreReadExactlyAndCounted() {
    StoredLayer plain = store("shaped2");
    StoredLayer recent = store("shaped2-recent32");
    assertEquals(69, recent.recent().keysFrom(100));
    assertEquals(0, recent.recent().valuesFrom(10));
    long exact = 32L * 2 * SHAPE.kvDim() * Short.SIZE;
    assertEquals(plain.bits() / TOKENS * (TOKENS - 32) + exact, recent.bits());
  }

  @Test
  void namesThatMeanNothingAreNoVariants() {
    for (String name :
        List.of("shaped5", "shaped2+", "shaped2-edges9", "shaped2-recent", "kivi9")) {
      assertTrue(CodecVariant.parse(name).isEmpty(), name);
    }
  }
}
