package io.rotatekv.model.runtime;

import io.rotatekv.kernels.block.BlockKey;
import io.rotatekv.kernels.block.PrefixChain;
import java.util.HexFormat;
import java.util.List;

/**
 * What a node's blocks belong to. Nodes whose identities differ never read each other's blocks.
 *
 * @param modelFingerprint hex digits that identify the weights
 * @param codecFingerprint hex digits that identify all else that decides a block's bytes
 */
public record CacheIdentity(String modelFingerprint, String codecFingerprint) {

  /** h_0 of a tenant's chains. */
  public BlockKey root(String tenant) {
    return PrefixChain.root(modelFingerprint, HexFormat.of().parseHex(codecFingerprint), tenant);
  }

  /** Keys of all whole blocks of {@code tokens}, 32 bytes each. */
  public List<byte[]> keys(String tenant, int[] tokens) {
    return PrefixChain.keys(root(tenant), tokens).stream().map(BlockKey::toBytes).toList();
  }
}
