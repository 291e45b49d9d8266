package io.rotatekv.model.engine.cuda;

/**
 * A sequence's unfilled block in the cache.
 *
 * @param place where it lies
 * @param layout what lies where in it
 */
record Tail(long place, TailLayout layout) {

  /** Place of a layer's keys; its values are {@link TailLayout#sideBytes} further on. */
  long layer(int layer) {
    return place + layout.layer(layer);
  }

  /** Place of the largest magnitudes of all layers. */
  long maxima() {
    return place + layout.maxima();
  }

  /** Place of a layer's largest magnitudes. */
  long maxima(int layer) {
    return place + layout.maxima(layer);
  }
}
