package io.rotatekv.eval.methods;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A served codec with one thing or several changed, to measure what that is worth: {@code
 * shaped3+shaped2} has another codec for values than for keys, {@code rotatekv2-clip60} clips to
 * 0.60 of a group's range, {@code rotatekv2-edges3} gives the first two and the last two layers 3
 * bits and {@code rotatekv2-edges3x7} the first and the last seven, {@code rotatekv2-recent128}
 * reads the newest 128 tokens in FP16. Suffixes combine, in this order.
 *
 * @param name the name that {@code --codec} takes
 * @param keys the codec of keys
 * @param values the codec of values
 * @param edgeBits bits of the first and the last layers; 0 for those of the others
 * @param edge how many layers that is at either end
 * @param recent newest tokens in full precision
 */
record CodecVariant(
    String name, CodecSpec keys, CodecSpec values, int edgeBits, int edge, int recent) {

  /** Layers at either end that {@code edges} means where it does not say. */
  private static final int EDGE = 2;

  private static final Pattern NAME =
      Pattern.compile(
          "(\\w+)(?:\\+(\\w+))?(?:-clip(\\d{1,3}))?"
              + "(?:-edges(\\d{1,2})(?:x(\\d{1,2}))?)?(?:-recent(\\d{1,4}))?");

  /** The variant of a name, or empty if it names none. */
  static Optional<CodecVariant> parse(String name) {
    Matcher parts = NAME.matcher(name);
    if (!parts.matches()) {
      return Optional.empty();
    }
    int clip = number(parts.group(3));
    Optional<CodecSpec> keys = codec(parts.group(1), clip);
    Optional<CodecSpec> values = parts.group(2) == null ? keys : codec(parts.group(2), clip);
    int edgeBits = number(parts.group(4));
    if (keys.isEmpty()
        || values.isEmpty()
        || (edgeBits != 0 && edges(keys.get(), edgeBits).isEmpty())) {
      return Optional.empty();
    }
    return Optional.of(
        new CodecVariant(
            name,
            keys.get(),
            values.get(),
            edgeBits,
            parts.group(5) == null ? EDGE : number(parts.group(5)),
            number(parts.group(6))));
  }

  private static int number(@Nullable String digits) {
    return digits == null ? 0 : Integer.parseInt(digits);
  }

  private static Optional<CodecSpec> codec(String name, int clip) {
    return CodecSpec.find(name)
        .map(spec -> clip == 0 ? spec : new CodecSpec(spec.family(), spec.bits(), clip / 100f));
  }

  private static Optional<CodecSpec> edges(CodecSpec spec, int bits) {
    if (bits == CodecSpec.FP16.bits()) {
      return Optional.of(CodecSpec.FP16);
    }
    return codec(spec.family().name().toLowerCase(Locale.ROOT) + bits, 0);
  }

  /** Bits of a code, of keys and values together. */
  double bits() {
    return (keys.bits() + values.bits()) / 2.0;
  }

  /** The codecs of all layers for one side. */
  CodecContext context(CodecSpec side, MethodDefinition.Ingredients ingredients) {
    CodecContext uniform = ingredients.codec(side);
    if (edgeBits == 0) {
      return uniform;
    }
    List<CodecSpec> layers = new ArrayList<>(Collections.nCopies(uniform.shape().layers(), side));
    CodecSpec outer = edges(side, edgeBits).orElse(side);
    for (int i = 0; i < Math.min(edge, layers.size()); i++) {
      layers.set(i, outer);
      layers.set(layers.size() - 1 - i, outer);
    }
    return uniform.with(layers);
  }

  /** Whether it takes the model's calibration. */
  boolean calibrated() {
    return keys.family() != CodecFamily.FP16 || values.family() != CodecFamily.FP16;
  }
}
