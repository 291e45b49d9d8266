package io.rotatekv.node;

import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.v1.FidelityResponse;
import io.rotatekv.v1.LayerFidelity;
import java.util.List;

/** What an engine's encoding has lost so far, as a message. */
final class EncodeFidelity {

  private EncodeFidelity() {}

  static FidelityResponse of(Engine engine) {
    FidelityResponse.Builder response = FidelityResponse.newBuilder();
    List<EncodeStats> layers = engine.encodeStats();
    for (int layer = 0; layer < layers.size(); layer++) {
      response.addLayers(of(engine.codec().spec(layer), layers.get(layer)));
    }
    return response.build();
  }

  private static LayerFidelity of(CodecSpec codec, EncodeStats stats) {
    return LayerFidelity.newBuilder()
        .setCodec(codec.name())
        .setBlocks(stats.blocks())
        .setSinks(stats.sinks())
        .setCodes(stats.codes())
        .setClippedCodes(stats.clippedCodes())
        .setGroups(stats.groups())
        .setSaturatedZeros(stats.saturatedZeros())
        .setSaturatedScales(stats.saturatedScales())
        .setSampledBlocks(stats.sampled().blocks())
        .setKeyError(stats.sampled().keys())
        .setValueError(stats.sampled().values())
        .build();
  }
}
