package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.Samples;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Sequences in device memory as attention at decode takes them, one layer. */
final class DeviceBatch implements AutoCloseable {

  private final CudaDevice device;
  private final CudaStream stream;
  private final BlockCodec codec;
  private final int blockStride;
  private final List<DeviceBuffer> buffers = new ArrayList<>();
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment tables; // (maxBatch) of each: addresses of blocks and tails, counts
  private final DeviceBuffer deviceTables;
  private final int maxBatch;
  private int size;

  DeviceBatch(
      CudaDevice device, CudaStream stream, BlockCodec codec, int maxBatch, int blockStride) {
    this.device = device;
    this.stream = stream;
    this.codec = codec;
    this.maxBatch = maxBatch;
    this.blockStride = blockStride;
    tables = arena.allocate(maxBatch * ((blockStride + 1L) * Long.BYTES + 2L * Integer.BYTES), 8);
    deviceTables = own(device.allocate(tables.byteSize()));
  }

  /** Adds a sequence of random tokens and returns what they dequantize to. */
  ReferenceAttention.Cache add(
      ReferenceAttention reference, int layer, int tailTokens, long... sinks) {
    List<MemorySegment> blocks = new ArrayList<>();
    for (long bitmap : sinks) {
      MemorySegment block = encode(layer, bitmap);
      put(tables, blocksAt() + (long) (size * blockStride + blocks.size()) * Long.BYTES, block);
      blocks.add(block);
    }
    float[] keys = halves(Samples.rows(codec.shape(), seed()));
    float[] values = halves(Samples.rows(codec.shape(), seed()));
    put(tables, tailsAt() + (long) size * Long.BYTES, tail(keys, values));
    tables.set(ValueLayout.JAVA_INT, storedAt() + (long) size * Integer.BYTES, sinks.length);
    tables.set(ValueLayout.JAVA_INT, tokensAt() + (long) size * Integer.BYTES, tailTokens);
    size++;
    return reference.cache(blocks, keys, values, tailTokens);
  }

  /** Copies the tables, after the last sequence. */
  void upload() {
    deviceTables.upload(tables, 0, stream);
    stream.synchronize();
  }

  long blocks() {
    return deviceTables.address() + blocksAt();
  }

  long tails() {
    return deviceTables.address() + tailsAt();
  }

  long storedBlocks() {
    return deviceTables.address() + storedAt();
  }

  long tailTokens() {
    return deviceTables.address() + tokensAt();
  }

  private long blocksAt() {
    return 0;
  }

  private long tailsAt() {
    return (long) maxBatch * blockStride * Long.BYTES;
  }

  private long storedAt() {
    return tailsAt() + (long) maxBatch * Long.BYTES;
  }

  private long tokensAt() {
    return storedAt() + (long) maxBatch * Integer.BYTES;
  }

  private long seed() {
    return buffers.size() * 2L + size;
  }

  private MemorySegment encode(int layer, long sinks) {
    MemorySegment block = arena.allocate(codec.maxBlockBytes(), 64);
    float[] keys = Samples.rows(codec.shape(), 1000 + seed());
    float[] values = Samples.rows(codec.shape(), 2000 + seed());
    return block.asSlice(0, codec.encode(layer, keys, values, sinks, block));
  }

  private MemorySegment tail(float[] keys, float[] values) {
    int kvDim = codec.shape().kvDim();
    MemorySegment tail = arena.allocate(2L * BLOCK_TOKENS * kvDim * Short.BYTES, 64);
    for (int i = 0; i < keys.length; i++) {
      tail.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(keys[i]));
      tail.setAtIndex(ValueLayout.JAVA_SHORT, keys.length + i, Float.floatToFloat16(values[i]));
    }
    return tail;
  }

  private void put(MemorySegment table, long at, MemorySegment bytes) {
    DeviceBuffer buffer = own(device.allocate(bytes.byteSize()));
    buffer.upload(bytes, 0, stream);
    table.set(ValueLayout.JAVA_LONG, at, buffer.address());
  }

  private DeviceBuffer own(DeviceBuffer buffer) {
    buffers.add(buffer);
    return buffer;
  }

  private static float[] halves(float[] rows) {
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Float.float16ToFloat(Float.floatToFloat16(rows[i]));
    }
    return rows;
  }

  @Override
  public void close() {
    stream.synchronize();
    buffers.forEach(DeviceBuffer::close);
    arena.close();
  }
}
