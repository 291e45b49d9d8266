package io.rotatekv.proto.stores;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

/**
 * Highest-random-weight hashing (Thaler and Ravishankar 1998): every node ranks the stores for a
 * key alike with no coordination, and where a store leaves or joins, only its own keys move.
 */
final class Rendezvous {

  private Rendezvous() {}

  /** The items in the order in which they serve the key, best first. */
  static <T> List<T> rank(List<T> items, Function<T, String> name, ByteString key) {
    return items.stream()
        .sorted(Comparator.comparingLong((T item) -> weight(name.apply(item), key)).reversed())
        .toList();
  }

  private static long weight(String name, ByteString key) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(name.getBytes(StandardCharsets.UTF_8));
      digest.update(key.asReadOnlyByteBuffer());
      return ByteString.copyFrom(digest.digest()).asReadOnlyByteBuffer().getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
