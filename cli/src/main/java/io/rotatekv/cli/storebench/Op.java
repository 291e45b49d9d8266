package io.rotatekv.cli.storebench;

/** What one call does. */
enum Op {
  PUT("put", true, false),
  GET("get", false, false),
  PUT_STREAM("put_stream", true, true),
  GET_STREAM("get_stream", false, true);

  private final String label;
  private final boolean writes;
  private final boolean streams;

  Op(String label, boolean writes, boolean streams) {
    this.label = label;
    this.writes = writes;
    this.streams = streams;
  }

  /** Its name in the results. */
  String label() {
    return label;
  }

  boolean writes() {
    return writes;
  }

  /** Whether a call moves many values, one after the other, rather than one. */
  boolean streams() {
    return streams;
  }
}
