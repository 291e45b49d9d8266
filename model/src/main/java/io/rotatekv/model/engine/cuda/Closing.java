package io.rotatekv.model.engine.cuda;

import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Closes what an engine holds, last made first, all of it even where some of it fails. */
final class Closing {

  private Closing() {}

  static void all(Deque<AutoCloseable> parts) {
    RuntimeException failure = null;
    while (!parts.isEmpty()) {
      failure = join(failure, close(parts.pop()));
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static @Nullable RuntimeException close(AutoCloseable part) {
    try {
      part.close();
      return null;
    } catch (RuntimeException e) {
      return e;
    } catch (Exception e) {
      return new IllegalStateException(e);
    }
  }

  private static @Nullable RuntimeException join(
      @Nullable RuntimeException first, @Nullable RuntimeException next) {
    if (first == null) {
      return next;
    }
    if (next != null) {
      first.addSuppressed(next);
    }
    return first;
  }
}
