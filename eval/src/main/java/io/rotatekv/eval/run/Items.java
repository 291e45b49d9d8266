package io.rotatekv.eval.run;

import java.util.OptionalInt;

/** The items that are still to be measured, shared by all workers of a run. */
public interface Items<T> {

  /** An item that nobody else has, or none if all are taken. */
  OptionalInt take();

  /** Tells the progress of some units more. */
  void advance(int units);

  /** Remembers an item's result. */
  void finish(int item, T result);
}
