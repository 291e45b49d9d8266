package io.rotatekv.proto;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.rotatekv.v1.BlockSetInfo;
import io.rotatekv.v1.Namespace;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A prompt's chain of keys, as the store's messages want it. Immutable. */
public final class KeyChain {

  private static final int BLOCK_TOKENS = 64;

  private final Namespace namespace;
  private final ByteString root;
  private final List<ByteString> keys;

  /**
   * A chain.
   *
   * @param root h_0, 32 bytes
   * @param keys h_1, h_2, … of 32 bytes each; not to be changed afterwards
   */
  public KeyChain(Namespace namespace, byte[] root, List<byte[]> keys) {
    this.namespace = namespace;
    this.root = UnsafeByteOperations.unsafeWrap(root);
    this.keys = keys.stream().map(UnsafeByteOperations::unsafeWrap).toList();
  }

  /** The namespace of a model and a codec, both named by the hex digits of their fingerprints. */
  public static Namespace namespace(String model, String codec, String tenant) {
    return Namespace.newBuilder()
        .setModelFingerprint(hex(model))
        .setCodecFingerprint(hex(codec))
        .setTenant(tenant)
        .build();
  }

  private static ByteString hex(String digits) {
    return UnsafeByteOperations.unsafeWrap(HexFormat.of().parseHex(digits));
  }

  /** Who may read the blocks. */
  public Namespace namespace() {
    return namespace;
  }

  /** Blocks in the chain. */
  public int blocks() {
    return keys.size();
  }

  /** Keys of blocks {@code from} to {@code to - 1}. */
  public List<ByteString> keys(int from, int to) {
    return keys.subList(from, to);
  }

  /** What a put says of blocks {@code from} to {@code to - 1}. */
  public List<BlockSetInfo> sets(int from, int to) {
    List<BlockSetInfo> sets = new ArrayList<>();
    for (int block = from; block < to; block++) {
      sets.add(
          BlockSetInfo.newBuilder()
              .setKey(keys.get(block))
              .setParentKey(block == 0 ? root : keys.get(block - 1))
              .setChainIndex(block)
              .setTokenCount(BLOCK_TOKENS)
              .build());
    }
    return sets;
  }
}
