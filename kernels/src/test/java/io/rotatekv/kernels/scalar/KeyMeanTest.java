package io.rotatekv.kernels.scalar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import io.rotatekv.kernels.codec.Samples;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class KeyMeanTest {

  private static final KvShape SHAPE = new KvShape(1, 4, 64);

  private static Stream<float[]> broken() {
    float[] notFinite = new float[SHAPE.kvDim()];
    notFinite[7] = Float.NaN;
    return Stream.of(notFinite, new float[SHAPE.kvDim() / 2], new float[2 * SHAPE.kvDim()]);
  }

  @ParameterizedTest
  @MethodSource("broken")
  void refusesMeansThatAreNotFiniteNumbersOfAllChannels(float[] mean) {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> KeyMean.inModelBasis(context(mean), 0));
    assertEquals(
        "calibration of layer 0: key means must be 256 finite numbers; run 'rotatekv calibrate'",
        refusal.getMessage());
  }

  private static CodecContext context(float[] mean) {
    CodecContext whole = Samples.context(CodecSpec.CENTRED_2, SHAPE);
    LayerCalibration layer =
        new LayerCalibration(mean, 12, 6, 8, 4, 9, LayerCalibration.evenImportance(SHAPE));
    return new CodecContext(whole.spec(), SHAPE, List.of(layer), 1, whole.rope());
  }
}
