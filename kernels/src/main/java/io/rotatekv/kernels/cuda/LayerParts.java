package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** One part for each codec that layers have. */
final class LayerParts<T extends CodecPart> implements AutoCloseable {

  private final Map<CodecSpec, T> parts = new LinkedHashMap<>();
  private final List<T> byLayer;

  /**
   * Makes the parts.
   *
   * @param create makes the part for a context whose layers all have the same codec
   */
  LayerParts(CodecContext codec, Function<CodecContext, T> create) {
    try {
      byLayer =
          codec.layerSpecs().stream()
              .map(spec -> parts.computeIfAbsent(spec, key -> create.apply(codec.only(key))))
              .toList();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  T of(int layer) {
    return byLayer.get(layer);
  }

  Collection<T> all() {
    return parts.values();
  }

  @Override
  public void close() {
    parts.values().forEach(CodecPart::close);
  }
}
