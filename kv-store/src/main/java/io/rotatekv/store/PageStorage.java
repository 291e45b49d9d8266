package io.rotatekv.store;

/** Where an engine keeps the pages of a store, and what goes with them: a lock, a file, servers. */
public interface PageStorage extends AutoCloseable {

  /** Opens the storage that a store is to use. */
  @FunctionalInterface
  interface Opener {

    /**
     * Opens it.
     *
     * @throws io.rotatekv.proto.StartupException if it cannot be used, is in use, or does not fit
     *     the configuration
     */
    PageStorage open(StoreConfig config);
  }

  /** What statistics call the engine. */
  String engine();

  /** The pages. */
  Pages pages();

  /** Bytes of the file; 0 where there is none. */
  long fileBytes();

  /** Called about once a second while the store is open. */
  void keepAlive();

  /** Closes without the claim that all is well, so that the next start recovers. */
  void abort();

  /** Closes a store that is whole. */
  @Override
  void close();
}
