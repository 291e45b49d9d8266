package io.rotatekv.model.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.kernels.tensor.TensorType;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.weights.Fingerprint;
import io.rotatekv.model.weights.MappedFile;
import io.rotatekv.model.weights.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file: the length of a JSON header in 8 bytes, the header, the tensors' data. An
 * entry of the header is checked against the file's size when its tensor is asked for.
 */
final class SafetensorsFile {

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final long MAX_HEADER = 100_000_000; // The format's own bound.
  private static final long MAX_ELEMENTS = 1L << 40; // So that a size in bytes never overflows.

  private final MappedFile file;
  private final ObjectNode header;
  private final long dataStart;

  private SafetensorsFile(MappedFile file, ObjectNode header, long dataStart) {
    this.file = file;
    this.header = header;
    this.dataStart = dataStart;
  }

  /**
   * Reads the header.
   *
   * @throws ModelException if the file is truncated or no safetensors file
   */
  static SafetensorsFile parse(MappedFile file) {
    MemorySegment bytes = file.bytes();
    long available = bytes.byteSize() - Long.BYTES;
    long length = available < 0 ? -1 : bytes.get(LONG, 0);
    if (length < 2 || length > Math.min(available, MAX_HEADER)) {
      throw new ModelException(
          file.path() + ": truncated, or not a safetensors file; fetch it again");
    }
    byte[] json = bytes.asSlice(Long.BYTES, length).toArray(ValueLayout.JAVA_BYTE);
    return new SafetensorsFile(file, JsonFiles.parse(json, file.path()), Long.BYTES + length);
  }

  /** The tensor of that name, or null. */
  @Nullable Tensor find(String name) {
    JsonNode entry = header.get(name);
    return entry == null ? null : tensor(name, entry);
  }

  /** Adds the header and samples of all tensors. */
  void addTo(Fingerprint fingerprint) {
    fingerprint.addAll(file.bytes().asSlice(0, dataStart));
    header
        .properties()
        .forEach(entry -> {
          if (!entry.getKey().equals("__metadata__")) {
            fingerprint.addSampled(data(entry.getKey(), entry.getValue()));
          }
        });
  }

  private Tensor tensor(String name, JsonNode entry) {
    TensorType type = type(name, entry.path("dtype").asText());
    JsonNode shape = entry.path("shape");
    if (shape.size() < 1 || shape.size() > 2) {
      throw damaged(name, "shape " + shape);
    }
    int columns = dimension(name, shape.get(shape.size() - 1));
    int rows = shape.size() == 1 ? 1 : dimension(name, shape.get(0));
    MemorySegment data = data(name, entry);
    if ((long) rows * columns > MAX_ELEMENTS || data.byteSize() != type.rowBytes(columns) * rows) {
      throw damaged(
          name, "%d bytes of data for shape %s of %s".formatted(data.byteSize(), shape, type));
    }
    return new Tensor(name, type, rows, columns, data);
  }

  private MemorySegment data(String name, JsonNode entry) {
    JsonNode offsets = entry.path("data_offsets");
    long begin = offsets.path(0).asLong(-1);
    long end = offsets.path(1).asLong(-1);
    long available = file.bytes().byteSize() - dataStart;
    if (begin < 0 || end < begin || end > available) {
      throw damaged(name, "data at %s of %d bytes".formatted(offsets, available));
    }
    return file.bytes().asSlice(dataStart + begin, end - begin);
  }

  private TensorType type(String name, String dtype) {
    return switch (dtype) {
      case "F32" -> TensorType.F32;
      case "F16" -> TensorType.F16;
      case "BF16" -> TensorType.BF16;
      default ->
          throw new ModelException(
              "%s: tensor %s has type %s, which is not supported; use F32, F16 or BF16 weights"
                  .formatted(file.path(), name, dtype));
    };
  }

  private int dimension(String name, JsonNode size) {
    if (!size.isInt() || size.intValue() < 1) {
      throw damaged(name, "dimension " + size);
    }
    return size.intValue();
  }

  private ModelException damaged(String name, String what) {
    return new ModelException(
        "%s: truncated or damaged safetensors file (tensor %s: %s); fetch it again"
            .formatted(file.path(), name, what));
  }
}
