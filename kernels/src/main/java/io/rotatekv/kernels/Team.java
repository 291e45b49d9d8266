package io.rotatekv.kernels;

import java.util.function.IntConsumer;

/** A fixed team of compute threads that runs parallel loops. The caller takes part. */
public interface Team extends AutoCloseable {

  /** Threads, the caller included. */
  int size();

  /**
   * Runs {@code body} for 0 to {@code tasks - 1}, each once, and returns when all are done. Not to
   * be called from within a body, nor by two threads at once.
   */
  void run(int tasks, IntConsumer body);

  @Override
  void close();
}
