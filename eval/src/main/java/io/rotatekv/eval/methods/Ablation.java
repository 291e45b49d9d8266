package io.rotatekv.eval.methods;

import io.rotatekv.eval.accuracy.EvalTarget;
import io.rotatekv.eval.accuracy.Perplexity;
import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.WindowedText;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** Measures the rows of {@link AblationTable}s by perplexity. */
public final class Ablation {

  private final EvalTarget target;
  private final WindowedText text;
  private final Perplexity perplexity;

  /** An ablation on a text. */
  public Ablation(EvalTarget target, WindowedText text) {
    this.target = target;
    this.text = text;
    this.perplexity = new Perplexity(target, text);
  }

  /**
   * Measures one row: {@code table}, {@code row} and {@code ppl}.
   *
   * @param label what the table calls the cache
   */
  public EvalRow measure(int table, String label, CacheUnderTest cache, EvalRun run) {
    Perplexity.Result result = perplexity.measure(cache, run);
    SequencedMap<String, Object> figures = new LinkedHashMap<>();
    figures.put("table", table);
    figures.put("row", label);
    figures.put("ppl", result.ppl());
    figures.put("window_nll", result.windows().stream().map(Perplexity.Window::nll).toList());
    return target.row(
        "ablation", cache, result.avgBits(), text.seq(), text.windows().size(), figures);
  }
}
