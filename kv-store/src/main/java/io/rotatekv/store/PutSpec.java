package io.rotatekv.store;

import java.util.List;

/**
 * What a put is about to bring.
 *
 * @param producer names the node, the same after its restart
 * @param generation grows with each start of the node
 * @param namespace who may read the sets
 * @param layers blocks per set
 * @param sets in chain order
 */
public record PutSpec(
    String producer, long generation, BlockNamespace namespace, int layers, List<SetSpec> sets) {

  public PutSpec {
    sets = List.copyOf(sets);
  }
}
