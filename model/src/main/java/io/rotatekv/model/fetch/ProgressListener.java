package io.rotatekv.model.fetch;

/** Hears how far a long step is. */
@FunctionalInterface
public interface ProgressListener {

  /** Hears nothing. */
  ProgressListener NONE = (step, done, total) -> {};

  /**
   * Called at the start of a step, now and then, and at its end; from the caller's thread.
   *
   * @param step what is being done, such as {@code unpacking smollm2-135m}
   * @param done bytes done
   * @param total bytes of the whole step, or -1 where nobody knows
   */
  void progress(String step, long done, long total);
}
