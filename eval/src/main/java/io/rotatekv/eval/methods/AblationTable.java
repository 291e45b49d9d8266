package io.rotatekv.eval.methods;

import io.rotatekv.eval.methods.RotationSpec.Reorder;
import io.rotatekv.kernels.codec.KvShape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * An ablation of RotateKV's paper (arXiv 2501.16383), as far as a model's shape allows.
 *
 * @param number the table's number there
 * @param title what it varies
 * @param rows its methods
 */
public record AblationTable(int number, String title, List<Row> rows) {

  /** The clip of the authors' code at 2 bits; their paper does not give it. */
  private static final float CLIP_2 = 0.8f;

  public AblationTable {
    rows = List.copyOf(rows);
  }

  /**
   * One line.
   *
   * @param label what the paper calls it
   * @param codec the method's name
   */
  public record Row(String label, String codec) {}

  /** The numbers of the tables there are. */
  public static List<Integer> numbers() {
    return List.of(1, 3, 7, 8);
  }

  /** The table of a number, for a model's shape. */
  public static AblationTable of(int number, KvShape shape) {
    List<Entry> entries = entries(number, shape);
    return new AblationTable(
        number,
        switch (number) {
          case 1 -> "strategies against outliers of keys, before RoPE";
          case 3 -> "KV heads in one rotation";
          case 7 -> "step by step";
          default -> "bits and group sizes";
        },
        entries.stream().map(entry -> new Row(entry.label(), entry.method().name())).toList());
  }

  /** A row with its method. */
  record Entry(String label, MethodDefinition method) {}

  static List<Entry> entries(int number, KvShape shape) {
    return switch (number) {
      case 1 -> strategies(shape);
      case 3 -> heads(shape);
      case 7 -> steps(shape);
      case 8 -> groups(shape);
      default ->
          throw new IllegalArgumentException(
              "there is no ablation of table %d; there are %s".formatted(number, numbers()));
    };
  }

  private static Entry entry(String label, String name, RotationSpec spec) {
    return new Entry(label, MethodDefinition.of(name, spec));
  }

  private static List<Entry> strategies(KvShape shape) {
    RotationSpec plain = RotationSpec.plain(2, shape.group()).withPreRope().withClip(CLIP_2);
    RotationSpec rotated = plain.withHeads(shape.rotationHeads());
    return List.of(
        entry("none", "plain2", plain),
        entry("smooth", "smooth2", plain.withSmooth()),
        entry("reorder", "reorder2", plain.withReorder(Reorder.AFTER)),
        entry("rotate", "rotate2", rotated),
        entry("smooth, then rotate", "smooth-rotate2", rotated.withSmooth()),
        entry("reorder, then rotate", "reorder-rotate2", rotated.withReorder(Reorder.BEFORE)),
        entry("rotate, then reorder", "rotate-reorder2", rotated.withReorder(Reorder.AFTER)));
  }

  private static List<Entry> heads(KvShape shape) {
    List<Entry> entries = new ArrayList<>();
    for (int heads = 1; heads <= shape.kvHeads(); heads++) {
      if (shape.kvHeads() % heads == 0 && KeyTransform.exists(heads * shape.headDim())) {
        entries.add(
            entry(
                heads + (heads == 1 ? " head" : " heads"),
                "rotatekv2-h" + heads,
                rotateKv(2, shape.group(), shape).withHeads(heads)));
      }
    }
    return entries;
  }

  private static List<Entry> steps(KvShape shape) {
    RotationSpec original = RotationSpec.plain(2, shape.group()).withHeads(1).withClip(CLIP_2);
    RotationSpec grouped = original.withPreRope().withHeads(shape.rotationHeads());
    RotationSpec sinks = grouped.withSinks();
    RotationSpec reordered = sinks.withReorder(Reorder.AFTER);
    return List.of(
        entry("original rotation", "step2-rotation", original),
        entry("+ before RoPE, grouped heads", "step2-grouped", grouped),
        entry("+ attention sinks", "step2-sinks", sinks),
        entry("+ outlier-aware", "step2-reorder", reordered),
        entry("+ FP8 scale, INT8 zero", "step2-fp8", reordered.withMetadata(Metadata.FP8_INT8)));
  }

  private static List<Entry> groups(KvShape shape) {
    List<Entry> entries = new ArrayList<>();
    for (int bits : new int[] {2, 3, 4}) {
      IntStream.of(32, 64, 128, shape.kvDim())
          .filter(group -> shape.kvDim() % group == 0)
          .distinct()
          .forEach(group ->
              entries.add(
                  entry(
                      "%d bits, groups of %d".formatted(bits, group),
                      "rotatekv%d-g%d".formatted(bits, group),
                      rotateKv(bits, group, shape))));
    }
    return entries;
  }

  private static RotationSpec rotateKv(int bits, int group, KvShape shape) {
    return RotationSpec.plain(bits, group)
        .withPreRope()
        .withHeads(shape.rotationHeads())
        .withSinks()
        .withReorder(Reorder.AFTER)
        .withClip(bits == 2 ? CLIP_2 : 1f)
        .withMetadata(Metadata.FP8_INT8);
  }
}
