package io.rotatekv.eval.cache;

import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.model.engine.Attend;
import java.util.List;
import java.util.Optional;

/** The codecs that clusters serve. */
public final class ServingCaches implements CacheSource {

  @Override
  public List<String> names() {
    return CodecSpec.ALL.stream().map(CodecSpec::name).toList();
  }

  @Override
  public Optional<CacheUnderTest> find(String name, EvalModel model, Attend attend) {
    return CodecSpec.find(name).map(spec -> new ServingCache(spec, model, attend));
  }
}
