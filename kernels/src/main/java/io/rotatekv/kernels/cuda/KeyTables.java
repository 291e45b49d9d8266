package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.SidePlan;
import io.rotatekv.kernels.scalar.KeyMean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * What decoding the keys takes from the calibration, on the device: for {@code centred} and {@code
 * shaped} the mean in the model's basis, FP32 {@code (layers, kvDim)}; for {@code rotatekv} the
 * quantization group of each rotated channel, bytes {@code (layers, kvDim)}; for {@code fp16}
 * nothing.
 */
final class KeyTables implements AutoCloseable {

  private static final int MAX_GROUPS = 256; // a group is a byte

  private final CodecFamily family;
  private final int kvDim;
  private final @Nullable DeviceBuffer table;

  KeyTables(CudaDevice device, CodecContext codec) {
    family = codec.spec().family();
    kvDim = codec.shape().kvDim();
    table =
        switch (family) {
          case FP16 -> null;
          case CENTRED, SHAPED -> means(device, codec);
          case ROTATEKV -> groups(device, codec);
        };
  }

  /** Address of a layer's means, 0 for a codec without. */
  long mean(int layer) {
    return family.centred() ? row(layer, Float.BYTES) : 0;
  }

  /** Address of a layer's groups, 0 for a codec without. */
  long group(int layer) {
    return family == CodecFamily.ROTATEKV ? row(layer, Byte.BYTES) : 0;
  }

  private long row(int layer, int elementBytes) {
    return table == null ? 0 : table.address() + (long) layer * kvDim * elementBytes;
  }

  private static DeviceBuffer means(CudaDevice device, CodecContext codec) {
    KvShape shape = codec.shape();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host =
          arena.allocate(ValueLayout.JAVA_FLOAT, (long) shape.layers() * shape.kvDim());
      for (int layer = 0; layer < shape.layers(); layer++) {
        long at = (long) layer * shape.kvDim() * Float.BYTES;
        float[] mean = KeyMean.inModelBasis(codec, layer);
        MemorySegment.copy(mean, 0, host, ValueLayout.JAVA_FLOAT, at, mean.length);
      }
      return upload(device, host);
    }
  }

  private static DeviceBuffer groups(CudaDevice device, CodecContext codec) {
    KvShape shape = codec.shape();
    if (shape.groups() > MAX_GROUPS) {
      throw new IllegalArgumentException(
          "the GPU's attention knows up to %d quantization groups, not %d; take --backend cpu"
              .formatted(MAX_GROUPS, shape.groups()));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate((long) shape.layers() * shape.kvDim());
      for (int layer = 0; layer < shape.layers(); layer++) {
        int[] group = SidePlan.keys(codec, layer).group();
        for (int channel = 0; channel < group.length; channel++) {
          long at = (long) layer * group.length + channel;
          host.set(ValueLayout.JAVA_BYTE, at, (byte) group[channel]);
        }
      }
      return upload(device, host);
    }
  }

  private static DeviceBuffer upload(CudaDevice device, MemorySegment host) {
    try (CudaStream stream = device.stream()) {
      DeviceBuffer buffer = device.allocate(host.byteSize());
      buffer.upload(host, 0, stream);
      stream.synchronize();
      return buffer;
    }
  }

  @Override
  public void close() {
    if (table != null) {
      table.close();
    }
  }
}
