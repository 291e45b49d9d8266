package io.rotatekv.store;

import io.rotatekv.proto.BlockBatches;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What the first page of a set begins with; all that is known of it. Little-endian:
 *
 * <pre>
 *   0  magic, 4 bytes           8  set id, 8
 *   4  version, 2              16  key, 32        48  parent, 32
 *   6  layers, 2               80  chain index, 4 84  tokens, 4
 *  88  pages, 4                92  committed at, epoch milliseconds, 8
 * 100  lengths of model, codec and tenant, 2 each, 2 unused
 * 108  model, codec, tenant in UTF-8, then per layer: block length, 4, CRC32C, 4
 *      CRC32C of all before, 4; zeros to a multiple of 64
 * </pre>
 *
 * Its size depends only on what is known when the put begins, so the blocks can follow it before it
 * is written. The blocks of all layers follow end to end, over as many pages as they need.
 */
record Manifest(
    long id,
    SetSpec set,
    BlockNamespace namespace,
    int pages,
    long committedAt,
    LayerTable layers) {

  private static final int MAGIC = 0x53564b52; // "RKVS"
  private static final short VERSION = 1;
  private static final int FIXED_BYTES = 108;
  private static final int LAYER_BYTES = 8;
  private static final int CRC_BYTES = 4;
  private static final int ALIGNMENT = 64;

  /** Bytes of the manifest of a set, and so the offset of its first block. */
  static int bytes(BlockNamespace namespace, int layers) {
    int names =
        utf8(namespace.model()).length
            + utf8(namespace.codec()).length
            + utf8(namespace.tenant()).length;
    int used = FIXED_BYTES + names + layers * LAYER_BYTES + CRC_BYTES;
    return (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** Bytes of all blocks. */
  long payloadBytes() {
    return layers.bytesBefore(layers.layers());
  }

  /** Writes the manifest to the start of a page. */
  void write(byte[] page) {
    ByteBuffer out = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(MAGIC).putShort(VERSION).putShort((short) layers.layers()).putLong(id);
    set.key().write(out);
    set.parent().write(out);
    out.putInt(set.chainIndex()).putInt(set.tokens()).putInt(pages).putLong(committedAt);
    byte[] model = utf8(namespace.model());
    byte[] codec = utf8(namespace.codec());
    byte[] tenant = utf8(namespace.tenant());
    out.putShort((short) model.length).putShort((short) codec.length);
    out.putShort((short) tenant.length).putShort((short) 0);
    out.put(model).put(codec).put(tenant);
    for (int layer = 0; layer < layers.layers(); layer++) {
      out.putInt(layers.length(layer)).putInt(layers.checksum(layer));
    }
    out.putInt(BlockBatches.crc32c(ByteBuffer.wrap(page, 0, out.position())));
  }

  /** Reads the manifest from a first page, or null if it is not whole. */
  static @Nullable Manifest read(byte[] page) {
    try {
      return parse(page);
    } catch (RuntimeException e) {
      return null; // Damaged lengths lead anywhere; what they lead to is not a manifest.
    }
  }

  private static @Nullable Manifest parse(byte[] page) {
    ByteBuffer in = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
    if (in.getInt() != MAGIC || in.getShort() != VERSION) {
      return null;
    }
    int layers = Short.toUnsignedInt(in.getShort());
    long id = in.getLong();
    BlockKey key = BlockKey.read(in);
    BlockKey parent = BlockKey.read(in);
    SetSpec set = new SetSpec(key, parent, in.getInt(), in.getInt());
    int pages = in.getInt();
    long committedAt = in.getLong();
    int model = in.getShort();
    int codec = in.getShort();
    int tenant = in.getShort();
    in.getShort();
    BlockNamespace namespace =
        new BlockNamespace(text(in, model), text(in, codec), text(in, tenant));
    LayerTable table = new LayerTable(layers);
    for (int layer = 0; layer < layers; layer++) {
      table.set(layer, in.getInt(), in.getInt());
    }
    int end = in.position();
    if (in.getInt() != BlockBatches.crc32c(ByteBuffer.wrap(page, 0, end))) {
      return null;
    }
    return new Manifest(id, set, namespace, pages, committedAt, table);
  }

  private static String text(ByteBuffer in, int length) {
    byte[] bytes = new byte[length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
