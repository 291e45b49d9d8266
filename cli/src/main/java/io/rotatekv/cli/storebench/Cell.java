package io.rotatekv.cli.storebench;

/**
 * What is measured at a time.
 *
 * @param clients callers at a time
 */
record Cell(Op op, int valueBytes, int clients) {

  /** Bytes of a call that streams: a prompt of some thousand tokens of a large model. */
  private static final int STREAM_BYTES = 64 << 20;

  /** Values that are read in turn: more than a core's caches, and little enough to load fast. */
  private static final int WORKING_SET_BYTES = 128 << 20;

  private static final int MAX_WORKING_SET = 2048;

  /** Values of one call. */
  int valuesPerCall() {
    return op.streams() ? Math.max(1, STREAM_BYTES / valueBytes) : 1;
  }

  long bytesPerCall() {
    return (long) valuesPerCall() * valueBytes;
  }

  /** How many different calls there are before they repeat. */
  int callsInTurn() {
    int values = WORKING_SET_BYTES / valueBytes;
    return op.streams() ? Math.max(1, values / valuesPerCall()) : Math.min(MAX_WORKING_SET, values);
  }
}
