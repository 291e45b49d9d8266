package io.rotatekv.store;

/** Length and checksum of each layer's block, as two arrays, for there may be millions of them. */
final class LayerTable {

  private final int[] lengths;
  private final int[] checksums;

  LayerTable(int layers) {
    lengths = new int[layers];
    checksums = new int[layers];
  }

  void set(int layer, int length, int crc32c) {
    lengths[layer] = length;
    checksums[layer] = crc32c;
  }

  int layers() {
    return lengths.length;
  }

  int length(int layer) {
    return lengths[layer];
  }

  int checksum(int layer) {
    return checksums[layer];
  }

  /** Bytes of the blocks before a layer's; those of all blocks for the number of layers. */
  long bytesBefore(int layer) {
    long bytes = 0;
    for (int before = 0; before < layer; before++) {
      bytes += lengths[before];
    }
    return bytes;
  }
}
