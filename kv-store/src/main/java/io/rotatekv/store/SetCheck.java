package io.rotatekv.store;

import io.rotatekv.v1.MissReason;

/**
 * The outcome of checking a set.
 *
 * @param bytes block bytes that passed
 * @param reason why the set cannot be served; unspecified where it can
 */
public record SetCheck(long bytes, MissReason reason) {

  /** Whether every block passed. */
  public boolean isGood() {
    return reason == MissReason.MISS_REASON_UNSPECIFIED;
  }
}
