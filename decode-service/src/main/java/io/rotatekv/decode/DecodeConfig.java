package io.rotatekv.decode;

import io.rotatekv.model.runtime.RuntimeOptions;
import io.rotatekv.proto.ServerOptions;
import io.rotatekv.proto.stores.StoreTargets;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a decode node needs to start.
 *
 * @param host address to listen on
 * @param port port to listen on; 0 picks a free one
 * @param store where the stores are, as {@link StoreTargets#parse} reads it
 * @param storeReplicas stores that hold each block set; all nodes must agree
 * @param prefill {@code host:port} of a prefill node, or a name of several
 * @param model a known model's name, a GGUF file or a Hugging Face folder
 * @param codec name of the KV codec
 * @param calibration the calibration artifact; null takes the one shipped for the model
 * @param attend {@code block}, {@code full} or {@code quantized}
 * @param backend {@code auto}, {@code simd} or {@code scalar}
 * @param threads compute threads; 0 takes one per processor
 * @param maxContext the most tokens of prompt and answer; 0 takes the model's, at most 8,192
 * @param chunkTokens tokens of a prompt computed at a time where this node must do so itself, a
 *     multiple of 64
 * @param maxBatch sequences that generate at a time; more wait
 * @param fetchTimeout how long one fetch from the store may take before the blocks are computed
 *     here
 * @param prefillTimeout how long the prefill node may take before the prompt is computed here
 */
public record DecodeConfig(
    String host,
    int port,
    String store,
    int storeReplicas,
    String prefill,
    String model,
    String codec,
    @Nullable Path calibration,
    String attend,
    String backend,
    int threads,
    int maxContext,
    int chunkTokens,
    int maxBatch,
    Duration fetchTimeout,
    Duration prefillTimeout) {

  public DecodeConfig {
    if (storeReplicas < 1) {
      throw new IllegalArgumentException("storeReplicas must be at least 1, got " + storeReplicas);
    }
    if (maxBatch < 1) {
      throw new IllegalArgumentException("maxBatch must be at least 1, got " + maxBatch);
    }
    if (!fetchTimeout.isPositive() || !prefillTimeout.isPositive()) {
      throw new IllegalArgumentException("fetchTimeout and prefillTimeout must be positive");
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
