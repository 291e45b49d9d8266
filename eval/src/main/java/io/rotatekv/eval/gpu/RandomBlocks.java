package io.rotatekv.eval.gpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.BlockRope;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Device memory full of stored blocks of random keys and values. A few are encoded, the first with
 * one sink, and copied until the memory is full: what counts is that each has its own address.
 */
final class RandomBlocks implements AutoCloseable {

  private static final int DISTINCT = 32;
  private static final int ALIGNMENT = 256;
  private static final long FIRST_TOKEN = 1;

  private final DeviceBuffer buffer;
  private final int pitch;
  private final int blockBytes;

  /**
   * Fills memory with {@code count} blocks, a multiple of 32.
   *
   * @param codec the host's codec, which encodes them
   */
  RandomBlocks(CudaDevice device, BlockCodec codec, int count, CudaStream stream) {
    int size = BLOCK_TOKENS * codec.shape().kvDim();
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(codec.maxBlockBytes(), ALIGNMENT);
      float[] keys = gaussian(random, size);
      float[] values = gaussian(random, size);
      pitch =
          Math.ceilDiv(codec.encode(0, keys, values, FIRST_TOKEN, block), ALIGNMENT) * ALIGNMENT;
      MemorySegment distinct = arena.allocate((long) DISTINCT * pitch, ALIGNMENT);
      int length = 0;
      for (int i = 0; i < DISTINCT; i++) {
        long sinks = i == 0 ? FIRST_TOKEN : 0;
        length = codec.encode(0, gaussian(random, size), gaussian(random, size), sinks, block);
        MemorySegment.copy(block, 0, distinct, (long) i * pitch, length);
      }
      blockBytes = length;
      buffer = device.allocate((long) count * pitch);
      fill(distinct, stream);
    }
  }

  private void fill(MemorySegment distinct, CudaStream stream) {
    buffer.upload(distinct, 0, stream);
    for (long done = distinct.byteSize(); done < buffer.bytes(); done *= 2) {
      buffer.copy(buffer, 0, Math.min(done, buffer.bytes() - done), done, stream);
    }
    stream.synchronize();
  }

  /** How many there are. */
  int count() {
    return (int) (buffer.bytes() / pitch);
  }

  /** Where block {@code i} lies in the device's memory. */
  long address(int i) {
    return buffer.address() + (long) i * pitch;
  }

  /** Bytes of a block without sinks, all of which attention reads. */
  int blockBytes() {
    return blockBytes;
  }

  /**
   * A context that fits keys and values of the standard normal distribution.
   *
   * @param rope the model's
   */
  static CodecContext context(CodecSpec spec, KvShape shape, BlockRope rope) {
    if (spec.family() == CodecFamily.FP16) {
      return CodecContext.fp16(shape);
    }
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(2);
    float[] mean = gaussian(random, shape.kvDim());
    LayerCalibration layer =
        new LayerCalibration(
            mean,
            12f,
            6f,
            12f,
            6f,
            Float.POSITIVE_INFINITY,
            LayerCalibration.evenImportance(shape));
    return new CodecContext(spec, shape, Collections.nCopies(shape.layers(), layer), 1, rope);
  }

  private static float[] gaussian(RandomGenerator random, int size) {
    float[] x = new float[size];
    for (int i = 0; i < size; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  @Override
  public void close() {
    buffer.close();
  }
}
