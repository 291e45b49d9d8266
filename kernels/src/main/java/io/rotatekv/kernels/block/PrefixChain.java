package io.rotatekv.kernels.block;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.CanonicalHash;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The chain of keys of a sequence: the key of a full block is the SHA-256 of the key before it and
 * of its 64 token ids (as little-endian INT32), so a key names the whole prefix up to its block.
 * The first key before any block is the root. Not for use by several threads.
 */
public final class PrefixChain {

  private final List<BlockKey> keys = new ArrayList<>();
  private final int[] pending = new int[BLOCK_TOKENS];
  private BlockKey last;
  private int pendingCount;

  /** An empty sequence under {@code root}. */
  public PrefixChain(BlockKey root) {
    last = root;
  }

  /**
   * The root of all chains of one model, codec and tenant.
   *
   * @param modelFingerprint names the weights and the tokenizer
   * @param codecFingerprint from {@code CodecFingerprint.of}
   * @param tenantSalt keeps tenants from finding each other's blocks; empty where they share
   */
  public static BlockKey root(String modelFingerprint, byte[] codecFingerprint, String tenantSalt) {
    return BlockKey.of(
        new CanonicalHash("rotatekv prefix")
            .add("model", modelFingerprint)
            .add("codec", codecFingerprint)
            .add("tenant", tenantSalt)
            .finish());
  }

  /** The keys of all full blocks of {@code tokens}; a rest of fewer than 64 has none. */
  public static List<BlockKey> keys(BlockKey root, int[] tokens) {
    PrefixChain chain = new PrefixChain(root);
    for (int token : tokens) {
      chain.append(token);
    }
    return chain.keys();
  }

  /** Appends one token; returns whether it filled a block, whose key is then the last. */
  public boolean append(int token) {
    pending[pendingCount++] = token;
    if (pendingCount < BLOCK_TOKENS) {
      return false;
    }
    last = next(last, pending);
    keys.add(last);
    pendingCount = 0;
    return true;
  }

  /** The keys of the blocks filled so far; a view that grows with the chain. */
  public List<BlockKey> keys() {
    return Collections.unmodifiableList(keys);
  }

  /** Tokens appended so far. */
  public int tokens() {
    return keys.size() * BLOCK_TOKENS + pendingCount;
  }

  private static BlockKey next(BlockKey previous, int[] tokens) {
    ByteBuffer bytes =
        ByteBuffer.allocate(BlockKey.BYTES + tokens.length * Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(previous.toBytes());
    bytes.asIntBuffer().put(tokens);
    try {
      return BlockKey.of(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
