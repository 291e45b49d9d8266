package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.block.Half;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaEvent;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.PinnedBuffer;
import io.rotatekv.kernels.ops.MatMul;
import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.kernels.tensor.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fills a buffer with weights, one after the other: rows are unpacked to FP16 in one pinned buffer
 * while the rows before them travel from another.
 */
final class WeightUpload implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(WeightUpload.class);

  private static final int STAGING_BYTES = 32 << 20;
  private static final int ALIGNMENT = 256;

  /** Models that take longer than a moment say how far they are. */
  private static final long REPORT_BYTES = 2L << 30;

  private final DeviceBuffer target;
  private final MatMul rows;
  private final Team team;
  private final CudaStream stream;
  private final PinnedBuffer[] staging;
  private final CudaEvent[] free;
  private int slot;
  private long at;
  private long reported;

  WeightUpload(CudaDevice device, DeviceBuffer target, MatMul rows, Team team) {
    this.target = target;
    this.rows = rows;
    this.team = team;
    stream = device.stream();
    staging =
        new PinnedBuffer[] {
          device.allocatePinned(STAGING_BYTES), device.allocatePinned(STAGING_BYTES)
        };
    free = new CudaEvent[] {device.event(), device.event()};
  }

  /** Bytes that a matrix takes in the target. */
  static long bytes(Matrix matrix) {
    return align((long) matrix.rows() * matrix.columns() * Short.BYTES);
  }

  /** Bytes that a vector takes in the target. */
  static long bytes(int elements) {
    return align((long) elements * Float.BYTES);
  }

  private static long align(long bytes) {
    return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
  }

  /** Appends matrices of equally many columns, their rows one below the other, as FP16. */
  long matrices(List<Matrix> parts) {
    long start = target.address() + at;
    for (Matrix matrix : parts) {
      int perCopy = STAGING_BYTES / (matrix.columns() * Short.BYTES);
      for (int from = 0; from < matrix.rows(); from += perCopy) {
        copy(matrix, from, Math.min(perCopy, matrix.rows() - from));
      }
    }
    at = align(at);
    return start;
  }

  /** Appends a vector as FP32. */
  long vector(float[] values) {
    long start = target.address() + at;
    MemorySegment pinned = nextSlot((long) values.length * Float.BYTES);
    MemorySegment.copy(values, 0, pinned, ValueLayout.JAVA_FLOAT, 0, values.length);
    send(pinned);
    at = align(at);
    return start;
  }

  private void copy(Matrix matrix, int from, int count) {
    long rowBytes = (long) matrix.columns() * Short.BYTES;
    MemorySegment pinned = nextSlot(count * rowBytes);
    if (matrix.type() == TensorType.F16) {
      pinned.copyFrom(matrix.data().asSlice(from * rowBytes, count * rowBytes));
    } else {
      team.run(count, row -> unpack(matrix, from + row, pinned, row * rowBytes));
    }
    send(pinned);
  }

  private void unpack(Matrix matrix, int row, MemorySegment to, long offset) {
    float[] values = new float[matrix.columns()];
    rows.row(matrix, row, values, 0);
    for (int i = 0; i < values.length; i++) {
      to.set(ValueLayout.JAVA_SHORT, offset + (long) i * Short.BYTES, Half.saturate(values[i]));
    }
  }

  private MemorySegment nextSlot(long bytes) {
    slot = 1 - slot;
    free[slot].synchronize();
    return staging[slot].segment().asSlice(0, bytes);
  }

  private void send(MemorySegment pinned) {
    target.upload(pinned, at, stream);
    free[slot].record(stream);
    at += pinned.byteSize();
    if (target.bytes() > REPORT_BYTES && at - reported > target.bytes() / 10) {
      reported = at;
      log.info("weights: {} of {} MiB on the GPU", at >> 20, target.bytes() >> 20);
    }
  }

  /** Waits until all is on the device. */
  void finish() {
    stream.synchronize();
  }

  @Override
  public void close() {
    stream.synchronize();
    stream.close();
    for (int i = 0; i < staging.length; i++) {
      staging[i].close();
      free[i].close();
    }
  }
}
