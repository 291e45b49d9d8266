package io.rotatekv.eval.methods;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.CacheMethod;
import io.rotatekv.model.engine.cpu.LayerWindow;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Keys and values quantized by token after a {@link RotationSpec}'s transforms: round-to-nearest,
 * QuaRot (Ashkboos et al. 2024, arXiv 2404.00456), RotateKV and all between.
 *
 * @param spec the recipe
 * @param keys each layer's transform of keys
 * @param sinkThresholds by layer: a token is a sink above this; used if the spec keeps sinks
 */
@SuppressWarnings("ArrayRecordComponent") // Read by the method, never compared.
record Rotation(RotationSpec spec, List<KeyTransform> keys, float[] sinkThresholds)
    implements CacheMethod {

  Rotation {
    keys = List.copyOf(keys);
  }

  /** A method that learns its transforms from a sample where it needs to. */
  static Rotation of(
      RotationSpec spec,
      KvShape shape,
      Supplier<CalibrationSample> sample,
      float[] sinkThresholds) {
    List<KeyTransform> transforms =
        IntStream.range(0, shape.layers())
            .mapToObj(layer -> KeyTransform.of(spec, shape, sampleOf(spec, sample, layer)))
            .toList();
    return new Rotation(spec, transforms, sinkThresholds);
  }

  private static float[] sampleOf(
      RotationSpec spec, Supplier<CalibrationSample> sample, int layer) {
    if (!spec.calibrated()) {
      return new float[0];
    }
    return spec.preRope() ? sample.get().keys(layer) : sample.get().rotatedKeys(layer);
  }

  @Override
  public StoredLayer store(LayerWindow window) {
    KvShape shape = window.shape();
    int width = shape.kvDim();
    int tokens = window.tokens();
    UniformQuantizer quantizer = new UniformQuantizer(spec.bits(), spec.clip(), spec.metadata());
    float[] exactKeys = spec.preRope() ? window.keys() : window.rotated(window.keys());
    float[] stored = exactKeys.clone();
    KeyTransform transform = keys.get(window.layer()).copy();
    transform.forward(stored);
    long each = quantizer.perToken(stored, width, 0, tokens, spec.group());
    transform.inverse(stored);

    float[] values = window.values().clone();
    RotationSpec perHead =
        RotationSpec.plain(spec.bits(), spec.group()).withHeads(Math.min(1, spec.heads()));
    KeyTransform valueTransform = KeyTransform.of(perHead, shape, new float[0]);
    valueTransform.forward(values);
    each += quantizer.perToken(values, width, 0, tokens, Math.min(spec.group(), width));
    valueTransform.inverse(values);

    long bits = each;
    if (spec.sinks()) {
      int sinks = keepSinks(window, exactKeys, stored, values);
      // A bit for each token says whether it is a sink; sinks take no codes.
      bits = each / tokens * (tokens - sinks) + tokens + 2L * sinks * width * Short.SIZE;
    }
    return new StoredLayer(
        spec.preRope() ? window.rotated(stored) : stored, values, StoredLayer.Recent.NONE, bits);
  }

  private int keepSinks(LayerWindow window, float[] exactKeys, float[] stored, float[] values) {
    int width = window.shape().kvDim();
    int sinks = 0;
    for (int token = 0; token < window.tokens(); token++) {
      if (window.peaks()[token] > sinkThresholds[window.layer()]) {
        System.arraycopy(exactKeys, token * width, stored, token * width, width);
        System.arraycopy(window.values(), token * width, values, token * width, width);
        sinks++;
      }
    }
    return sinks;
  }
}
