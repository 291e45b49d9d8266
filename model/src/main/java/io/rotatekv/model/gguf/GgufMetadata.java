package io.rotatekv.model.gguf;

import io.rotatekv.model.ModelException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The key-value pairs of a GGUF file.
 *
 * @param path the file, for messages
 * @param values by key: {@link Long} for integers, {@link Double}, {@link Boolean}, {@link String},
 *     and {@link List} of these for arrays
 */
record GgufMetadata(Path path, Map<String, Object> values) {

  /**
   * A required value.
   *
   * @throws ModelException if it is missing or of another type
   */
  <T> T require(String key, Class<T> type) {
    T value = find(key, type);
    if (value == null) {
      throw new ModelException(
          "%s: metadata key %s is missing; convert or fetch the model again".formatted(path, key));
    }
    return value;
  }

  /** A value, or null where the key is missing. */
  <T> @Nullable T find(String key, Class<T> type) {
    Object value = values.get(key);
    if (value == null) {
      return null;
    }
    if (!type.isInstance(value)) {
      throw invalid(key, "is not a " + type.getSimpleName());
    }
    return type.cast(value);
  }

  /** A required integer that fits {@code int} and is not negative. */
  int requireInt(String key) {
    return toInt(key, require(key, Long.class));
  }

  /** An integer, or {@code absent} where the key is missing. */
  int findInt(String key, int absent) {
    Long value = find(key, Long.class);
    return value == null ? absent : toInt(key, value);
  }

  /** A floating-point number, or {@code absent} where the key is missing. */
  double findDouble(String key, double absent) {
    Double value = find(key, Double.class);
    return value == null ? absent : value;
  }

  /** A truth value, or {@code absent} where the key is missing. */
  boolean findBoolean(String key, boolean absent) {
    Boolean value = find(key, Boolean.class);
    return value == null ? absent : value;
  }

  /** An array, or null where the key is missing. */
  <T> @Nullable List<T> findList(String key, Class<T> element) {
    List<?> values = find(key, List.class);
    if (values == null) {
      return null;
    }
    if (!values.stream().allMatch(element::isInstance)) {
      throw invalid(key, "is not an array of " + element.getSimpleName());
    }
    return values.stream().map(element::cast).toList();
  }

  ModelException invalid(String key, String why) {
    return new ModelException(
        "%s: metadata key %s %s; convert or fetch the model again".formatted(path, key, why));
  }

  private int toInt(String key, long value) {
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw invalid(key, "is out of range: " + value);
    }
    return (int) value;
  }
}
