package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.ErrorFeedback;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.scalar.FeedbackWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/**
 * The feedback of the keys' errors on the device, for the layers whose codec is {@code shaped}: by
 * chunk the upper triangle of the weights, by panels of {@link #PANEL} rows; a row has the columns
 * from its panel's first on. FP32, {@code (chunks, order (order + 16) / 2)}.
 */
final class FeedbackTables implements AutoCloseable {

  /** Rows of a panel, {@code kPanel} of {@code encode_shaped_keys.cu}. */
  static final int PANEL = 16;

  private final DeviceBuffer tables;
  private final long[] addresses;

  private FeedbackTables(DeviceBuffer tables, long[] addresses) {
    this.tables = tables;
    this.addresses = addresses;
  }

  /** Computes the weights on all of the host's cores and copies them. */
  static FeedbackTables upload(CudaDevice device, CodecContext codec) {
    KvShape shape = codec.shape();
    int[] layers =
        IntStream.range(0, shape.layers())
            .filter(layer -> codec.spec(layer).family() == CodecFamily.SHAPED)
            .toArray();
    long layerBytes = chunkFloats(shape) * Float.BYTES * (shape.kvDim() / shape.rotationOrder());
    DeviceBuffer tables = device.allocate(Math.max(1, layers.length) * layerBytes);
    long[] addresses = new long[shape.layers()];
    try (Arena arena = Arena.ofShared();
        CudaStream stream = device.stream()) {
      MemorySegment host = arena.allocate(layers.length * layerBytes, Float.BYTES);
      IntStream.range(0, layers.length)
          .parallel()
          .forEach(i ->
              pack(
                  FeedbackWeights.ofKeys(codec, layers[i]),
                  host.asSlice(i * layerBytes, layerBytes)));
      tables.upload(host, 0, stream);
      stream.synchronize();
    }
    for (int i = 0; i < layers.length; i++) {
      addresses[layers[i]] = tables.address() + i * layerBytes;
    }
    return new FeedbackTables(tables, addresses);
  }

  private static long chunkFloats(KvShape shape) {
    int order = shape.rotationOrder();
    return (long) order * (order + PANEL) / 2;
  }

  /** Writes the triangles of a layer's chunks. */
  static void pack(ErrorFeedback feedback, MemorySegment to) {
    int order = feedback.span();
    long at = 0;
    for (float[] weights : feedback.weights()) {
      for (int row = 0; row < order; row++) {
        int from = row / PANEL * PANEL;
        MemorySegment.copy(
            weights, row * order + from, to, ValueLayout.JAVA_FLOAT, at, order - from);
        at += (long) (order - from) * Float.BYTES;
      }
    }
  }

  /** Address by layer, 0 for one of another codec. */
  long[] addresses() {
    return addresses.clone();
  }

  @Override
  public void close() {
    tables.close();
  }
}
