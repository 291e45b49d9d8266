package io.rotatekv.eval.run;

/** Shows how far a job is. */
public interface RunProgress extends AutoCloseable {

  /** Makes the display of one job. */
  @FunctionalInterface
  interface Opener {

    /** Nothing to see. */
    Opener NONE =
        (title, total, unit) ->
            new RunProgress() {
              @Override
              public void add(long units) {}

              @Override
              public void close() {}
            };

    /** A display of {@code total} units. */
    RunProgress open(String title, long total, String unit);
  }

  /** Says that some units more are done; called by one thread at a time. */
  void add(long units);

  @Override
  void close();
}
