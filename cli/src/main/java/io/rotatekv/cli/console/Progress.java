package io.rotatekv.cli.console;

import java.io.PrintWriter;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** How far one long step is: a bar on a terminal, a line now and then elsewhere. */
public final class Progress implements AutoCloseable {

  private static final int LINES_PER_STEP = 10;

  private final PrintWriter err;
  private final String step;
  private final long total;
  private final @Nullable ProgressBar bar;
  private long done;

  /**
   * Begins a step.
   *
   * @param err standard error
   * @param step what is being done
   * @param total how many units it has, or -1 where nobody knows
   * @param unit what is counted, such as {@code MB}
   * @param unitSize how many of what {@link #to} is told make one unit
   */
  public Progress(PrintWriter err, String step, long total, String unit, long unitSize) {
    this.err = err;
    this.step = step;
    this.total = total;
    this.bar = Terminal.isPresent() ? bar(step, total, unit, unitSize) : null;
    if (bar == null) {
      line(" …");
    }
  }

  /** Says that {@code done} of the total are done. */
  public void to(long done) {
    if (bar != null) {
      bar.stepTo(done);
    } else if (total > 0 && tenth(done) > tenth(this.done)) {
      line(": %d %%".formatted(100 * done / total));
    }
    this.done = done;
  }

  /** Says that {@code count} more are done. */
  public void add(long count) {
    to(done + count);
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }

  private long tenth(long done) {
    return done * LINES_PER_STEP / total;
  }

  private void line(String rest) {
    err.println("rotatekv: " + step + rest);
    err.flush();
  }

  private static ProgressBar bar(String step, long total, String unit, long unitSize) {
    return new ProgressBarBuilder()
        .setTaskName(step)
        .setInitialMax(total)
        .setUnit(" " + unit, unitSize)
        .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
        .setUpdateIntervalMillis(200)
        .build();
  }
}
