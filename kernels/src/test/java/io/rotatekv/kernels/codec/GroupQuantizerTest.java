package io.rotatekv.kernels.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GroupQuantizerTest {

  private final GroupScales scales = new GroupScales(1);
  private final EncodeCounters counters = new EncodeCounters();

  /**
   * By hand: min -1, max 2.75, clip 0.8, 2 bits: scale 0.8 * 3.75 / 3 = 1 = E4M3 0x38; zero
   * -round(-0.8 / 1) = 1.
   */
  @Test
  void rotateKvQuantizerByHand() {
    GroupQuantizer quantizer = GroupQuantizer.of(CodecSpec.ROTATEKV_2);
    quantizer.fit(-1f, 2.75f, 1f, scales, 0, counters);
    assertEquals(0x38, scales.scaleCodes[0]);
    assertEquals(1, scales.zeroCodes[0]);
    assertEquals(1f, scales.factors[0]);
    assertEquals(1f, scales.offsets[0]);
  }

  /** By hand: largest magnitude 5, clip 0.8: scale 0.8 * 5 / 2 = 2 = E4M3 0x40, levels +-1, +-3. */
  @Test
  void centredQuantizerByHand() {
    GroupQuantizer quantizer = GroupQuantizer.of(CodecSpec.CENTRED_2);
    quantizer.fit(-5f, 2f, 1f, scales, 0, counters);
    assertEquals(0x40, scales.scaleCodes[0]);
    assertEquals(0.5f, scales.factors[0]);
    assertEquals(1.5f, scales.offsets[0]);
  }

  @ParameterizedTest
  @ValueSource(floats = {1f, -1f, 0.37f, -30f, 1e-2f, 0f})
  void constantGroupComesBackWithinOnePercent(float x) {
    float multiplier = 0x1p-10f;
    GroupQuantizer quantizer = GroupQuantizer.of(CodecSpec.ROTATEKV_2);
    quantizer.fit(x, x, multiplier, scales, 0, counters);
    float scale = E4m3.decode(scales.scaleCodes[0]) * multiplier;
    float code = (float) Math.rint(x * scales.factors[0] + scales.offsets[0]);
    float back = (Math.clamp(code, 0f, 3f) - scales.zeroCodes[0]) * scale;
    assertEquals(x, back, 0.01f * Math.abs(x));
    assertEquals(x == 0 ? 0 : 1, counters.snapshot().narrowGroups());
    assertEquals(0, counters.snapshot().saturatedZeros());
  }

  @Test
  void scaleBeyondCalibrationIsCounted() {
    GroupQuantizer quantizer = GroupQuantizer.of(CodecSpec.ROTATEKV_2);
    quantizer.fit(-1e3f, 1e3f, 1f, scales, 0, counters);
    assertEquals(E4m3.MAX_CODE, scales.scaleCodes[0]);
    assertEquals(1, counters.snapshot().saturatedScales());
  }

  @Test
  void zeroPointThatCannotBeHeldIsCounted() {
    GroupQuantizer quantizer = GroupQuantizer.of(CodecSpec.ROTATEKV_2);
    quantizer.fit(1e6f, 1e6f, 1f, scales, 0, counters);
    assertEquals(-127, scales.zeroCodes[0]);
    assertEquals(1, counters.snapshot().saturatedZeros());
  }
}
