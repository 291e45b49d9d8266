package io.rotatekv.proto;

import io.rotatekv.v1.MissReason;
import java.util.Map;

/**
 * What a get delivered.
 *
 * @param completePrefix keys, from the first on, of which every requested layer was delivered
 * @param misses why the others were not, by index of the key
 * @param blocks blocks delivered, one layer each
 * @param bytes bytes of those blocks
 */
public record GetResult(
    int completePrefix, Map<Integer, MissReason> misses, long blocks, long bytes) {

  public GetResult {
    misses = Map.copyOf(misses);
  }
}
