package io.rotatekv.kernels.codec;

import java.util.Collections;
import java.util.List;

/**
 * All that decides the bytes of a block besides the tokens.
 *
 * @param spec the codec that was asked for
 * @param shape the model's KV cache
 * @param layerSpecs the codec of each layer: {@code spec}, or one with more bits that calibration
 *     found a layer to need
 * @param layers calibration, one per layer; empty only for {@link CodecFamily#FP16}
 * @param fingerprint first 8 bytes of the calibration's SHA-256, as they stand in the block header;
 *     0 for {@link CodecFamily#FP16}
 * @param rope RoPE at the places of a block; {@link BlockRope#NONE} only where no layer's codec
 *     centres
 */
public record CodecContext(
    CodecSpec spec,
    KvShape shape,
    List<CodecSpec> layerSpecs,
    List<LayerCalibration> layers,
    long fingerprint,
    BlockRope rope) {

  public CodecContext {
    layerSpecs = List.copyOf(layerSpecs);
    if (layerSpecs.size() != shape.layers()) {
      throw new IllegalArgumentException(
          "codecs of %d layers for a model of %d".formatted(layerSpecs.size(), shape.layers()));
    }
    layers = List.copyOf(layers);
    if (spec.family() != CodecFamily.FP16 && layers.size() != shape.layers()) {
      throw new IllegalArgumentException(
          "codec %s needs the calibration of %d layers, got %d; run 'rotatekv calibrate'"
              .formatted(spec, shape.layers(), layers.size()));
    }
    if (layerSpecs.stream().anyMatch(layer -> layer.family().centred())
        && rope.pairs() * 2 != shape.headDim()) {
      throw new IllegalArgumentException(
          "codec %s turns the %d pairs of a head by RoPE, got angles of %d"
              .formatted(spec, shape.headDim() / 2, rope.pairs()));
    }
  }

  /** One codec for all layers. */
  public CodecContext(
      CodecSpec spec,
      KvShape shape,
      List<LayerCalibration> layers,
      long fingerprint,
      BlockRope rope) {
    this(spec, shape, Collections.nCopies(shape.layers(), spec), layers, fingerprint, rope);
  }

  /** The same with these codecs of the layers. */
  public CodecContext with(List<CodecSpec> newLayerSpecs) {
    return new CodecContext(spec, shape, newLayerSpecs, layers, fingerprint, rope);
  }

  /** The codec of a layer. */
  public CodecSpec spec(int layer) {
    return layerSpecs.get(layer);
  }

  /** Whether all layers have the codec that was asked for. */
  public boolean uniform() {
    return layerSpecs.stream().allMatch(spec::equals);
  }

  /** What the layers of one codec need: a context in which all layers have it. */
  public CodecContext only(CodecSpec layerSpec) {
    return layerSpec.family() == CodecFamily.FP16
        ? fp16(shape)
        : new CodecContext(layerSpec, shape, layers, fingerprint, rope);
  }

  /** What the FP16 codec needs: no calibration. */
  public static CodecContext fp16(KvShape shape) {
    return new CodecContext(CodecSpec.FP16, shape, List.of(), 0L, BlockRope.NONE);
  }
}
