package io.rotatekv.store;

/** A committed set in the index. The mutable part belongs to {@link SetIndex} and its lock. */
final class StoredSet {

  private final Manifest manifest;
  private final long firstBlock;
  long usedAt;
  long tick;

  StoredSet(Manifest manifest) {
    this.manifest = manifest;
    this.firstBlock = Manifest.bytes(manifest.namespace(), manifest.layers().layers());
    this.usedAt = manifest.committedAt();
  }

  Manifest manifest() {
    return manifest;
  }

  BlockKey key() {
    return manifest.set().key();
  }

  int layers() {
    return manifest.layers().layers();
  }

  /** Offset of a layer's block from the start of the set's first page. */
  long offset(int layer) {
    return firstBlock + manifest.layers().bytesBefore(layer);
  }

  int length(int layer) {
    return manifest.layers().length(layer);
  }

  int checksum(int layer) {
    return manifest.layers().checksum(layer);
  }
}
