package io.rotatekv.kernels;

import java.util.function.IntConsumer;

/** A fixed team of compute threads that runs parallel loops. The caller takes part. */
public interface Team extends AutoCloseable {

  /**
   * A team of {@code threads} threads, the caller included; of one thread, it runs everything in
   * the caller.
   */
  static Team of(int threads) {
    return new SpinTeam(threads);
  }

  /** Threads, the caller included. */
  int size();

  /**
   * Runs {@code body} for 0 to {@code tasks - 1}, each once, and returns when all are done. The
   * first exception of a body is thrown here then. Not to be called from within a body, nor by two
   * threads at once: both are refused.
   */
  void run(int tasks, IntConsumer body);

  /** Ends the threads; a closed team refuses to run. */
  @Override
  void close();
}
