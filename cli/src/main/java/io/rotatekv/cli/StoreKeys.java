package io.rotatekv.cli;

import com.google.protobuf.ByteString;
import io.rotatekv.cli.client.ProtoJson;

/** Keys as people write them. */
final class StoreKeys {

  /** Hexadecimal digits that tell keys apart: 2^64 of them. */
  private static final int SHOWN = 16;

  private StoreKeys() {}

  /** The first digits of a key, which {@code rm} takes as well. */
  static String abbreviated(ByteString key) {
    return ProtoJson.hex(key).substring(0, SHOWN);
  }
}
