package io.rotatekv.model.gguf;

import io.rotatekv.model.ModelException;
import io.rotatekv.model.weights.Fingerprint;
import io.rotatekv.model.weights.MappedFile;
import io.rotatekv.model.weights.Tensor;
import io.rotatekv.model.weights.TensorSource;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A parsed GGUF file, after the specification in the ggml project: magic, version, counts,
 * metadata, tensor directory, padding, tensor data. Everything is checked against the file's size
 * before it is used; all errors are {@link ModelException}.
 */
final class GgufFile implements TensorSource {

  private static final int MAGIC = 0x46554747; // "GGUF"
  private static final int LEAST_VERSION = 2;
  private static final int MOST_VERSION = 3;
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int MAX_ALIGNMENT = 1 << 20;

  private final MappedFile file;
  private final GgufMetadata metadata;
  private final MemorySegment header;
  private final Map<String, Tensor> tensors;

  private GgufFile(
      MappedFile file, GgufMetadata metadata, MemorySegment header, Map<String, Tensor> tensors) {
    this.file = file;
    this.metadata = metadata;
    this.header = header;
    this.tensors = tensors;
  }

  /** Reads the header; tensor data stay where they are in {@code file}. */
  static GgufFile parse(MappedFile file) {
    GgufCursor cursor = new GgufCursor(file);
    if (file.bytes().byteSize() < Integer.BYTES || cursor.readInt() != MAGIC) {
      throw new ModelException(
          file.path() + ": not a GGUF file; give a .gguf file or a Hugging Face folder");
    }
    checkVersion(file, cursor.readInt());
    long tensorCount = cursor.readCount(GgufTensorInfo.LEAST_BYTES, "tensors");
    long keyCount = cursor.readCount(Long.BYTES + Integer.BYTES, "metadata keys");
    Map<String, Object> values = new LinkedHashMap<>();
    for (long i = 0; i < keyCount; i++) {
      String key = cursor.readString();
      values.put(key, GgufValues.read(cursor, cursor.readInt()));
    }
    GgufMetadata metadata = new GgufMetadata(file.path(), values);
    Map<String, GgufTensorInfo> directory = new LinkedHashMap<>();
    for (long i = 0; i < tensorCount; i++) {
      GgufTensorInfo info = GgufTensorInfo.read(cursor, file.path());
      if (directory.put(info.name(), info) != null) {
        throw cursor.damaged("tensor %s appears twice".formatted(info.name()));
      }
    }
    MemorySegment header = file.bytes().asSlice(0, cursor.position());
    long dataStart = align(cursor.position(), alignment(metadata));
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    directory.forEach((name, info) -> tensors.put(name, info.locate(file, dataStart)));
    return new GgufFile(file, metadata, header, tensors);
  }

  GgufMetadata metadata() {
    return metadata;
  }

  /** Bytes before the tensors' data, padding not counted. */
  long headerBytes() {
    return header.byteSize();
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public @Nullable Tensor find(String name) {
    return tensors.get(name);
  }

  /** Identifies the model; see {@link Fingerprint}. */
  String fingerprint() {
    Fingerprint fingerprint = new Fingerprint().add("gguf").addAll(header);
    tensors.values().forEach(tensor -> fingerprint.addSampled(tensor.data()));
    return fingerprint.toHex();
  }

  private static void checkVersion(MappedFile file, int version) {
    if (version < LEAST_VERSION || version > MOST_VERSION) {
      String order =
          Integer.reverseBytes(version) <= MOST_VERSION && version != 0 && version != 1
              ? " (big-endian)"
              : "";
      throw new ModelException(
          "%s: GGUF version %s%s is not supported, only little-endian %d and %d; convert it again"
              .formatted(
                  file.path(),
                  Integer.toUnsignedString(version),
                  order,
                  LEAST_VERSION,
                  MOST_VERSION));
    }
  }

  private static int alignment(GgufMetadata metadata) {
    String key = "general.alignment";
    int alignment = metadata.findInt(key, DEFAULT_ALIGNMENT);
    if (alignment == 0 || alignment % Long.BYTES != 0 || alignment > MAX_ALIGNMENT) {
      throw metadata.invalid(key, "is not a multiple of 8 up to 2^20: " + alignment);
    }
    return alignment;
  }

  private static long align(long position, int alignment) {
    return Math.ceilDiv(position, alignment) * alignment;
  }
}
