package io.rotatekv.store;

import com.google.protobuf.ByteString;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.Wire;
import io.rotatekv.v1.BlockSetInfo;
import io.rotatekv.v1.GetRequest;
import io.rotatekv.v1.Namespace;
import io.rotatekv.v1.PinRequest;
import io.rotatekv.v1.PutRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Turns what came over the wire into the store's terms; throws INVALID_REQUEST where it cannot. */
final class Requests {

  private static final int MAX_FINGERPRINT_BYTES = 64;
  private static final int MAX_NAME_BYTES = 128;

  private Requests() {}

  static BlockNamespace namespace(Namespace namespace) {
    check(
        utf8Bytes(namespace.getTenant()) <= MAX_NAME_BYTES,
        () -> "tenant must have at most %d bytes".formatted(MAX_NAME_BYTES));
    return new BlockNamespace(
        fingerprint("model_fingerprint", namespace.getModelFingerprint()),
        fingerprint("codec_fingerprint", namespace.getCodecFingerprint()),
        namespace.getTenant());
  }

  static List<BlockKey> keys(List<ByteString> keys) {
    check(
        keys.size() <= Wire.MAX_KEYS,
        () -> "at most %d keys a call, got %d".formatted(Wire.MAX_KEYS, keys.size()));
    return keys.stream().map(Requests::key).toList();
  }

  static void checkLayers(GetRequest request) {
    check(
        request.getFirstLayer() >= 0
            && request.getLayerCount() >= 1
            && request.getLayerCount() <= Wire.MAX_LAYERS
            && request.getFirstLayer() <= Wire.MAX_LAYERS - request.getLayerCount(),
        () -> "layers must lie within 0 and %d, at least one of them".formatted(Wire.MAX_LAYERS));
  }

  static void checkHolder(String holder) {
    int bytes = utf8Bytes(holder);
    check(
        bytes >= 1 && bytes <= MAX_NAME_BYTES,
        () -> "holder must have 1 to %d bytes".formatted(MAX_NAME_BYTES));
  }

  /** The time of a pin, as far as it is granted. */
  static Duration pinTime(PinRequest request, StoreLimits limits) {
    Duration asked = Duration.ofMillis(Integer.toUnsignedLong(request.getDurationMs()));
    check(asked.isPositive(), () -> "duration_ms must be at least 1");
    return asked.compareTo(limits.maxPin()) < 0 ? asked : limits.maxPin();
  }

  static PutSpec put(PutRequest.Begin begin) {
    int producer = utf8Bytes(begin.getProducerId());
    check(
        producer >= 1 && producer <= MAX_NAME_BYTES,
        () -> "producer_id must have 1 to %d bytes".formatted(MAX_NAME_BYTES));
    check(
        begin.getLayerCount() >= 1 && begin.getLayerCount() <= Wire.MAX_LAYERS,
        () -> "layer_count must be 1 to %d".formatted(Wire.MAX_LAYERS));
    check(
        begin.getSetsCount() >= 1 && begin.getSetsCount() <= Wire.MAX_PUT_SETS,
        () -> "a put must have 1 to %d sets".formatted(Wire.MAX_PUT_SETS));
    List<SetSpec> sets = begin.getSetsList().stream().map(Requests::set).toList();
    Set<BlockKey> distinct = new HashSet<>();
    sets.forEach(
        set -> check(distinct.add(set.key()), () -> "key %s occurs twice".formatted(set.key())));
    return new PutSpec(
        begin.getProducerId(),
        begin.getGeneration(),
        namespace(begin.getNamespace()),
        begin.getLayerCount(),
        sets);
  }

  private static SetSpec set(BlockSetInfo info) {
    check(
        info.getTokenCount() == Wire.BLOCK_TOKENS,
        () ->
            "a block set holds %d tokens, got %d"
                .formatted(Wire.BLOCK_TOKENS, info.getTokenCount()));
    return new SetSpec(
        key(info.getKey()), key(info.getParentKey()), info.getChainIndex(), info.getTokenCount());
  }

  private static BlockKey key(ByteString key) {
    check(
        key.size() == Wire.KEY_BYTES,
        () -> "a key has %d bytes, got %d".formatted(Wire.KEY_BYTES, key.size()));
    return BlockKey.read(key.asReadOnlyByteBuffer());
  }

  private static String fingerprint(String name, ByteString bytes) {
    check(
        !bytes.isEmpty() && bytes.size() <= MAX_FINGERPRINT_BYTES,
        () ->
            "%s must have 1 to %d bytes, got %d"
                .formatted(name, MAX_FINGERPRINT_BYTES, bytes.size()));
    return HexFormat.of().formatHex(bytes.toByteArray());
  }

  private static int utf8Bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static void check(boolean condition, Supplier<String> otherwise) {
    if (!condition) {
      throw ServiceException.invalid(otherwise.get());
    }
  }
}
