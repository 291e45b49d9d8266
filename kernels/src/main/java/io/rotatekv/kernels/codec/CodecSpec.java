package io.rotatekv.kernels.codec;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * One KV codec: its family, its bits per element and its clipping factor.
 *
 * @param family how keys and values are transformed
 * @param bits bits per element: 16 for {@link CodecFamily#FP16}, 2 for {@link CodecFamily#CENTRED},
 *     2, 3 or 4 for the others
 * @param clip the factor that narrows each group's range before quantization; 1 keeps it whole
 */
public record CodecSpec(CodecFamily family, int bits, float clip) {

  public static final CodecSpec FP16 = new CodecSpec(CodecFamily.FP16, 16, 1f);

  /** The clip is the one of the RotateKV authors' code; their paper does not give it. */
  public static final CodecSpec ROTATEKV_2 = new CodecSpec(CodecFamily.ROTATEKV, 2, 0.8f);

  public static final CodecSpec ROTATEKV_3 = new CodecSpec(CodecFamily.ROTATEKV, 3, 1f);
  public static final CodecSpec ROTATEKV_4 = new CodecSpec(CodecFamily.ROTATEKV, 4, 1f);
  public static final CodecSpec CENTRED_2 = new CodecSpec(CodecFamily.CENTRED, 2, 0.8f);

  public static final CodecSpec SHAPED_2 = new CodecSpec(CodecFamily.SHAPED, 2, 1f);
  public static final CodecSpec SHAPED_3 = new CodecSpec(CodecFamily.SHAPED, 3, 1f);
  public static final CodecSpec SHAPED_4 = new CodecSpec(CodecFamily.SHAPED, 4, 1f);

  /** What is taken where none is named: of the 2-bit codecs, the one with the least loss. */
  public static final CodecSpec DEFAULT = SHAPED_2;

  /** Every codec that can be asked for by name. */
  public static final List<CodecSpec> ALL =
      List.of(FP16, ROTATEKV_2, ROTATEKV_3, ROTATEKV_4, CENTRED_2, SHAPED_2, SHAPED_3, SHAPED_4);

  /**
   * The codec of a name such as {@code rotatekv2}.
   *
   * @throws IllegalArgumentException naming the codecs there are
   */
  public static CodecSpec parse(String name) {
    return find(name)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "unknown codec '%s'; known are %s"
                    .formatted(name, ALL.stream().map(CodecSpec::name).toList())));
  }

  /** The codec of a name, or empty if it names none. */
  public static Optional<CodecSpec> find(String name) {
    return ALL.stream().filter(spec -> spec.name().equals(name)).findFirst();
  }

  /** The name that {@link #parse} reads: {@code fp16}, {@code rotatekv2}, … */
  public String name() {
    return family.name().toLowerCase(Locale.ROOT) + (family == CodecFamily.FP16 ? "" : bits);
  }

  @Override
  public String toString() {
    return name();
  }
}
