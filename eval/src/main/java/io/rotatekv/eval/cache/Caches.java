package io.rotatekv.eval.cache;

import io.rotatekv.eval.run.EvalException;
import io.rotatekv.model.engine.Attend;
import java.util.List;

/** All caches that can be evaluated. */
public final class Caches {

  private final List<CacheSource> sources;

  /** Caches of these sources; the first that knows a name has it. */
  public Caches(List<CacheSource> sources) {
    this.sources = List.copyOf(sources);
  }

  /** Every name, in the sources' order. */
  public List<String> names() {
    return sources.stream().flatMap(source -> source.names().stream()).toList();
  }

  /**
   * The cache of a name.
   *
   * @throws EvalException naming the caches there are, if there is no such
   */
  public CacheUnderTest open(String name, EvalModel model, Attend attend) {
    return sources.stream()
        .flatMap(source -> source.find(name, model, attend).stream())
        .findFirst()
        .orElseThrow(() ->
            new EvalException(
                "there is no codec '%s'; there are %s"
                    .formatted(name, String.join(", ", names()))));
  }
}
