package io.rotatekv.eval.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class UniformQuantizerTest {

  @Test
  void aGroupTakesItsFourLevelsFromItsExtremes() {
    // Scale (7 - 1) / 3 = 2, levels 1, 3, 5, 7.
    float[] x = {1, 2.5f, 4.5f, 7};
    new UniformQuantizer(2, 1f, Metadata.FP16_MINIMUM).quantize(x, 0, 4, 1);
    assertArrayEquals(new float[] {1, 3, 5, 7}, x);
  }

  @Test
  void aWholeZeroPointMovesTheLevelsToMultiplesOfTheScale() {
    // Scale 2, zero point -round(1 / 2) = 0 (half to even): levels 0, 2, 4, 6.
    float[] x = {1, 2.5f, 4.5f, 7};
    new UniformQuantizer(2, 1f, Metadata.FP16_ZERO).quantize(x, 0, 4, 1);
    assertArrayEquals(new float[] {0, 2, 4, 6}, x);
  }

  @Test
  void theClipShrinksBothExtremes() {
    // Extremes -5 and 5 become -4.5 and 4.5: scale 3, zero point 2 (of 1.5), levels -6, -3, 0, 3.
    float[] x = {-5, -1, 1, 5};
    new UniformQuantizer(2, 0.9f, Metadata.FP16_ZERO).quantize(x, 0, 4, 1);
    assertArrayEquals(new float[] {-6, 0, 0, 3}, x);
  }

  @Test
  void anFp8ScaleHasThreeBitsOfMantissa() {
    // 3.3 / 3 = 1.1 is stored as 1.125.
    float[] x = {0, 3.3f};
    new UniformQuantizer(2, 1f, Metadata.FP8_INT8).quantize(x, 0, 2, 1);
    assertArrayEquals(new float[] {0, 3.375f}, x);
  }

  @Test
  void anInt8ZeroPointThatWouldNotFitMakesTheScaleCoarser() {
    // 1000 / 0.333 is far above 127; with a scale of 1000 / 119 = 8.4, stored as 8, it is 125.
    float[] x = {1000, 1001};
    new UniformQuantizer(2, 1f, Metadata.FP8_INT8).quantize(x, 0, 2, 1);
    assertArrayEquals(new float[] {1000, 1000}, x);
  }

  @Test
  void aConstantGroupIsKept() {
    float[] x = {0.5f, 0.5f};
    new UniformQuantizer(2, 1f, Metadata.FP16_MINIMUM).quantize(x, 0, 2, 1);
    assertArrayEquals(new float[] {0.5f, 0.5f}, x);
  }

  @Test
  void byTokenGroupsRunAlongChannelsAndByChannelAlongTokens() {
    UniformQuantizer oneBit = new UniformQuantizer(1, 1f, Metadata.FP16_MINIMUM);
    float[] byToken = {0, 1, 4, 9, 16, 17};
    // Two tokens of three channels; groups of two channels, then of one.
    assertEquals(6 + 4 * 32, oneBit.perToken(byToken, 3, 0, 2, 2));
    assertArrayEquals(new float[] {0, 1, 4, 9, 16, 17}, byToken);
    float[] byChannel = {0, 1, 4, 9, 16, 17, 3, 2, 5};
    // Three tokens of three channels: groups of all three tokens; 3 is nearer to 0 than to 9.
    assertEquals(9 + 3 * 32, oneBit.perChannel(byChannel, 3, 0, 3, 3));
    assertArrayEquals(new float[] {0, 1, 4, 9, 16, 17, 0, 1, 4}, byChannel);
  }
}
