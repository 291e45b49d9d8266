package io.rotatekv.eval.methods;

import io.rotatekv.kernels.codec.KvShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** All methods by name, with the parameters of their papers. */
final class MethodCatalog {

  /** QuaRot's clip of the cache (arXiv 2404.00456, section 5). */
  private static final float QUAROT_CLIP = 0.95f;

  /** RotateKV compares with this much of KVQuant's outliers; KVQuant itself goes up to 0.01. */
  private static final double KVQUANT_OUTLIERS = 0.005;

  /** The share of salient tokens with which ZipCache (arXiv 2405.14256, table 3) compares both. */
  private static final double SALIENT = 0.6;

  private MethodCatalog() {}

  /** The names of the methods of the literature. */
  static List<String> names() {
    return methods(new KvShape(1, 1, 64)).stream().map(MethodDefinition::name).toList();
  }

  /** A method of the literature, a row of an ablation, or a served codec with something changed. */
  static Optional<MethodDefinition> find(String name, KvShape shape) {
    Stream<MethodDefinition> rows =
        AblationTable.numbers().stream()
            .flatMap(number -> AblationTable.entries(number, shape).stream())
            .map(AblationTable.Entry::method);
    return Stream.concat(methods(shape).stream(), rows)
        .filter(method -> method.name().equals(name))
        .findFirst()
        .or(() -> CodecVariant.parse(name).map(MethodDefinition::of));
  }

  private static List<MethodDefinition> methods(KvShape shape) {
    List<MethodDefinition> all = new ArrayList<>();
    for (int bits : new int[] {2, 3, 4}) {
      RotationSpec plain = RotationSpec.plain(bits, shape.group());
      all.add(MethodDefinition.of("rtn" + bits, plain));
      all.add(MethodDefinition.of("quarot" + bits, plain.withHeads(1).withClip(QUAROT_CLIP)));
      all.add(MethodDefinition.kvQuant("kvquant" + bits, bits, KVQUANT_OUTLIERS));
    }
    for (int bits : new int[] {2, 4}) {
      all.add(MethodDefinition.of("kivi" + bits, bits, new Kivi(bits, 32, 128)));
      all.add(MethodDefinition.of("kivi" + bits + "-g64", bits, new Kivi(bits, 64, 128)));
      all.add(MethodDefinition.of("gear" + bits, bits, new Gear(bits, 64, 4, 0.02, 20)));
    }
    all.add(MethodDefinition.of("mikv2", 2, new MiKv(2, 4, SALIENT)));
    all.add(MethodDefinition.of("zipcache2", 2, new ZipCache(2, 4, SALIENT)));
    return all;
  }
}
