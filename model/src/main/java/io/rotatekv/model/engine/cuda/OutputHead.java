package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.PinnedBuffer;
import io.rotatekv.kernels.cuda.SampleKernel;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.engine.Output;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** From the final hidden states to tokens, and to logits where somebody asks for them. */
final class OutputHead implements AutoCloseable {

  private final ModelConfig config;
  private final RowKernels kernels;
  private final Activations activations;
  private final CudaStream stream;
  private final int rows;
  private final SampleKernel sample;
  private final DeviceBuffer chosen;
  private final PinnedBuffer hostChosen;
  private final PinnedBuffer hostLogits;

  /**
   * A head.
   *
   * @param rows the most rows of logits at a time
   */
  OutputHead(
      CudaDevice device,
      ModelConfig config,
      RowKernels kernels,
      Activations activations,
      CudaStream stream,
      int rows) {
    this.config = config;
    this.kernels = kernels;
    this.activations = activations;
    this.stream = stream;
    this.rows = rows;
    sample = new SampleKernel(device);
    chosen = device.allocate((long) rows * Integer.BYTES);
    hostChosen = device.allocatePinned((long) rows * Integer.BYTES);
    hostLogits = device.allocatePinned((long) config.vocabulary() * Float.BYTES);
  }

  /** Queues the choice of tokens for {@code count} rows from {@code first} on. */
  void choose(int first, int count, DecodeInputs inputs) {
    kernels.logits(first, count);
    sample.sample(
        activations.logits.address(),
        inputs.settings(),
        inputs.positions(),
        count,
        config.vocabulary(),
        chosen.address(),
        stream);
  }

  /** Queues the way back of the tokens that were chosen. */
  void download(int count) {
    chosen.download(hostChosen.segment().asSlice(0, (long) count * Integer.BYTES), 0, stream);
  }

  /** A token that has come back. */
  int chosen(int row) {
    return hostChosen.segment().getAtIndex(ValueLayout.JAVA_INT, row);
  }

  /** Computes the logits of {@code count} rows from {@code first} on, and tells of each. */
  void logits(int first, int count, int index, Output.LogitsConsumer consumer) {
    for (int from = 0; from < count; from += rows) {
      int part = Math.min(rows, count - from);
      kernels.logits(first + from, part);
      for (int row = 0; row < part; row++) {
        tell(row, index + from + row, consumer);
      }
    }
  }

  /** Tells of the logits that lie in {@code row}. */
  void tell(int row, int index, Output.LogitsConsumer consumer) {
    MemorySegment bytes = hostLogits.segment();
    activations.logits.download(bytes, row * bytes.byteSize(), stream);
    stream.synchronize();
    consumer.accept(index, bytes.toArray(ValueLayout.JAVA_FLOAT), 0);
  }

  @Override
  public void close() {
    sample.close();
    chosen.close();
    hostChosen.close();
    hostLogits.close();
  }
}
