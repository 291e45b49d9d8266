package io.rotatekv.cli.storebench;

import java.io.IOException;

/** One of the systems that move the same values. */
interface Contender extends AutoCloseable {

  /** Makes readable what the calls of a cell read. */
  void prepare(Cell cell) throws IOException, InterruptedException;

  /** A caller with connections of its own. */
  Caller connect(Cell cell, int client) throws IOException;

  @Override
  void close();

  /** One client, used by one thread. */
  interface Caller extends AutoCloseable {

    /**
     * Makes one call and waits for its end.
     *
     * @param n how many calls this client has made before
     */
    void call(long n) throws IOException, InterruptedException;

    @Override
    void close();
  }
}
