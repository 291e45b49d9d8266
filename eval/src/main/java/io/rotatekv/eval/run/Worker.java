package io.rotatekv.eval.run;

import java.util.OptionalInt;
import java.util.function.IntConsumer;

/** Measures items on one thread and its team, with what it opened for that. */
public interface Worker<T> extends AutoCloseable {

  /** Takes items and finishes them until none is left. */
  void work(Items<T> items);

  @Override
  void close();

  /** One item at a time. */
  abstract class OneByOne<T> implements Worker<T> {

    /**
     * Measures an item.
     *
     * @param progress is told the units done, as many as the job says an item has
     */
    protected abstract T measure(int item, IntConsumer progress);

    @Override
    public final void work(Items<T> items) {
      for (OptionalInt item = items.take(); item.isPresent(); item = items.take()) {
        items.finish(item.getAsInt(), measure(item.getAsInt(), items::advance));
      }
    }
  }
}
