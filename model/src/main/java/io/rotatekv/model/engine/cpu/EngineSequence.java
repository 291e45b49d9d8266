package io.rotatekv.model.engine.cpu;

import io.rotatekv.model.engine.Sequence;

/** A sequence as the transformer sees it. */
interface EngineSequence extends Sequence {

  /** Counts tokens whose keys and values are in all layers. */
  void grow(int tokens);

  /** Waits until the cache of {@code layer} is there; bounded by {@link #abort}. */
  void await(int layer);
}
