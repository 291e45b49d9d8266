package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.PinnedBuffer;
import io.rotatekv.kernels.cuda.SampleKernel;
import io.rotatekv.model.engine.Sampling;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What a decode step is told, row by row: one small copy to the device. */
final class DecodeInputs implements AutoCloseable {

  private final int rows;
  private final DeviceBuffer device;
  private final PinnedBuffer host;

  DecodeInputs(CudaDevice device, int rows) {
    this.rows = rows;
    long bytes = (long) rows * (4 * Integer.BYTES + SampleKernel.SETTINGS_BYTES);
    this.device = device.allocate(bytes);
    this.host = device.allocatePinned(bytes);
  }

  /** INT32 tokens to run, {@code (rows)}. */
  long tokens() {
    return device.address() + column(0);
  }

  /** INT32 positions of those tokens, {@code (rows)}. */
  long positions() {
    return device.address() + column(1);
  }

  /** INT32 tokens of the unfilled blocks, the new one included, {@code (rows)}. */
  long tailTokens() {
    return device.address() + column(2);
  }

  /** INT32 stored blocks, {@code (rows)}. */
  long storedBlocks() {
    return device.address() + column(3);
  }

  /** Settings of sampling, {@code (rows)}. */
  long settings() {
    return device.address() + column(4);
  }

  private long column(int index) {
    return (long) index * rows * Integer.BYTES;
  }

  /** Describes a row that runs {@code token} at {@code position}. */
  void set(int row, int token, int position, Sampling sampling) {
    MemorySegment to = host.segment();
    set(to, 0, row, token);
    set(to, 1, row, position);
    set(to, 2, row, position % BLOCK_TOKENS + 1);
    set(to, 3, row, position / BLOCK_TOKENS);
    SampleKernel.describe(
        to,
        column(4) + (long) row * SampleKernel.SETTINGS_BYTES,
        sampling.temperature(),
        sampling.topK(),
        sampling.topP(),
        sampling.seed());
  }

  private void set(MemorySegment to, int column, int row, int value) {
    to.set(ValueLayout.JAVA_INT, column(column) + (long) row * Integer.BYTES, value);
  }

  /** Queues the copy; the rows must stay as they are until it is done. */
  void upload(CudaStream stream) {
    device.upload(host.segment(), 0, stream);
  }

  @Override
  public void close() {
    device.close();
    host.close();
  }
}
