package io.rotatekv.eval.methods;

import io.rotatekv.eval.cache.CacheSource;
import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.run.EvalText;
import io.rotatekv.model.engine.Attend;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;

/** Methods of the literature, and the rows of {@link AblationTable}s. */
public final class MethodCaches implements CacheSource {

  private final Optional<EvalText> calibrationText;
  private final IdentityHashMap<EvalModel, ModelIngredients> ingredients = new IdentityHashMap<>();

  /**
   * Methods that learn from a text what their papers calibrate.
   *
   * @param calibrationText never one that is scored; without one, only methods that need none work
   */
  public MethodCaches(Optional<EvalText> calibrationText) {
    this.calibrationText = calibrationText;
  }

  @Override
  public List<String> names() {
    return MethodCatalog.names();
  }

  @Override
  public Optional<CacheUnderTest> find(String name, EvalModel model, Attend attend) {
    ModelIngredients offered =
        ingredients.computeIfAbsent(model, key -> new ModelIngredients(key, calibrationText));
    return MethodCatalog.find(name, model.model().kvShape())
        .map(definition -> new MethodCache(definition, model.model(), attend, offered));
  }
}
