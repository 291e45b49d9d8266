package io.rotatekv.prefill;

import io.rotatekv.model.runtime.RuntimeOptions;
import io.rotatekv.proto.ServerOptions;
import io.rotatekv.proto.stores.StoreTargets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a prefill node needs to start.
 *
 * @param host address to listen on
 * @param port port to listen on; 0 picks a free one
 * @param store where the stores are, as {@link StoreTargets#parse} reads it
 * @param storeReplicas stores that hold each block set; all nodes must agree
 * @param model a known model's name, a GGUF file or a Hugging Face folder
 * @param codec name of the KV codec
 * @param calibration the calibration artifact; null takes the one shipped for the model
 * @param attend {@code block}, {@code full} or {@code quantized}
 * @param backend {@code auto}, {@code simd} or {@code scalar}
 * @param threads compute threads; 0 takes one per processor
 * @param maxContext the most tokens of a prompt; 0 takes the model's, at most 8,192
 * @param chunkTokens tokens computed and committed at a time, a multiple of 64
 * @param maxRequests prompts worked on at a time; more are refused
 */
public record PrefillConfig(
    String host,
    int port,
    String store,
    int storeReplicas,
    String model,
    String codec,
    @Nullable Path calibration,
    String attend,
    String backend,
    int threads,
    int maxContext,
    int chunkTokens,
    int maxRequests) {

  public PrefillConfig {
    if (storeReplicas < 1) {
      throw new IllegalArgumentException("storeReplicas must be at least 1, got " + storeReplicas);
    }
    if (maxRequests < 1) {
      throw new IllegalArgumentException("maxRequests must be at least 1, got " + maxRequests);
    }
  }

  RuntimeOptions runtime() {
    return new RuntimeOptions(
        model, codec, calibration, attend, backend, threads, maxContext, chunkTokens);
  }

  ServerOptions server() {
    return ServerOptions.of(host, port);
  }
}
