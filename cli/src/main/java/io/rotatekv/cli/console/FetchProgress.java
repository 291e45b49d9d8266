package io.rotatekv.cli.console;

import io.rotatekv.model.fetch.ProgressListener;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/** Shows the steps of a download one after the other. */
public final class FetchProgress implements ProgressListener, AutoCloseable {

  private static final long MEGABYTE = 1_000_000;

  private final PrintWriter err;
  private String step = "";
  private @Nullable Progress progress;

  /** Shows on {@code err}. */
  public FetchProgress(PrintWriter err) {
    this.err = err;
  }

  @Override
  public void progress(String newStep, long done, long total) {
    if (progress == null || !newStep.equals(step)) {
      close();
      step = newStep;
      progress = new Progress(err, newStep, total, "MB", MEGABYTE);
    }
    progress.to(done);
  }

  @Override
  public void close() {
    if (progress != null) {
      progress.close();
    }
  }
}
