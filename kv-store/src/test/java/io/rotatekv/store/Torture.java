package io.rotatekv.store;

/** How long the torture tests run: a share in CI, the whole with {@code -Dtorture=full}. */
final class Torture {

  private static final boolean FULL = "full".equals(System.getProperty("torture"));

  private Torture() {}

  static int rounds(int inCi, int full) {
    return FULL ? full : inCi;
  }
}
