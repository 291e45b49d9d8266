package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.Samples;
import io.rotatekv.kernels.scalar.ScalarCodecs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Expanded blocks are what the scalar codec decodes, keys after RoPE in FP64. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BlockExpanderGpuTest {

  private static final int BLOCKS = 2;
  private static final int FIRST_BLOCK = 3;
  private static final long SINKS = 1L << 1 | 1L << 9 | 1L << 40;

  /** Half of FP16's spacing, relative, with room for FP32 before it. */
  private static final double TOLERANCE = 4e-4;

  private final CudaDevice device = CudaDevice.open(0);
  private final CudaStream stream = device.stream();

  @AfterAll
  void close() {
    stream.close();
    device.close();
  }

  static List<CodecContext> contexts() {
    return GpuCodecs.contexts();
  }

  @ParameterizedTest
  @MethodSource("contexts")
  void rowsAreWhatTheScalarCodecDecodes(CodecContext context) {
    KvShape shape = context.shape();
    int layer = shape.layers() - 1;
    int rowCount = BLOCK_TOKENS * shape.kvDim();
    double[] frequencies = Samples.frequencies(shape.headDim());
    double[] keys = new double[BLOCKS * rowCount];
    float[] values = new float[BLOCKS * rowCount];
    BlockCodec scalar = ScalarCodecs.create(context);
    long room = scalar.maxBlockBytes();
    MemorySegment stored = Arena.ofAuto().allocate(BLOCKS * room, Long.BYTES);
    for (int block = 0; block < BLOCKS; block++) {
      MemorySegment bytes = stored.asSlice(block * room, room);
      scalar.encode(
          layer,
          GpuCodecs.rows(shape, shape.rotationOrder(), 2L * block),
          GpuCodecs.rows(shape, shape.headDim(), 2L * block + 1),
          SINKS,
          bytes);
      float[] tile = new float[rowCount];
      scalar.decodeKeys(bytes, tile);
      rotate(tile, shape, block, frequencies, keys);
      scalar.decodeValues(bytes, tile);
      scalar.unrotate(layer, tile, 0, rowCount / shape.headDim());
      System.arraycopy(tile, 0, values, block * rowCount, rowCount);
    }

    try (RopeAngles rope = new RopeAngles(device, frequencies, 8 * BLOCK_TOKENS);
        BlockExpander expander = new BlockExpander(device, context, rope);
        DeviceBuffer blocks = GpuMemory.upload(device, stream, stored);
        DeviceBuffer sources =
            GpuMemory.longs(device, stream, blocks.address(), blocks.address() + room);
        DeviceBuffer foundKeys = device.allocate(2L * BLOCKS * rowCount);
        DeviceBuffer foundValues = device.allocate(2L * BLOCKS * rowCount)) {
      expander.expand(
          layer,
          sources.address(),
          BLOCKS,
          FIRST_BLOCK,
          foundKeys.address(),
          foundValues.address(),
          stream);

      assertClose(keys, GpuMemory.widened(foundKeys, stream), "keys");
      double[] expected = new double[values.length];
      for (int i = 0; i < expected.length; i++) {
        expected[i] = values[i];
      }
      assertClose(expected, GpuMemory.widened(foundValues, stream), "values");
    }
  }

  /** Rotates {@code (kvDim, 64)} into a block's rows of {@code (64, kvDim)}. */
  private static void rotate(
      float[] tile, KvShape shape, int block, double[] frequencies, double[] rows) {
    int pairs = shape.headDim() / 2;
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      int position = (FIRST_BLOCK + block) * BLOCK_TOKENS + token;
      int row = (block * BLOCK_TOKENS + token) * shape.kvDim();
      for (int head = 0; head < shape.kvHeads(); head++) {
        for (int pair = 0; pair < pairs; pair++) {
          int channel = head * shape.headDim() + pair;
          double low = tile[channel * BLOCK_TOKENS + token];
          double high = tile[(channel + pairs) * BLOCK_TOKENS + token];
          double cos = Math.cos(position * frequencies[pair]);
          double sin = Math.sin(position * frequencies[pair]);
          rows[row + channel] = low * cos - high * sin;
          rows[row + channel + pairs] = high * cos + low * sin;
        }
      }
    }
  }

  private static void assertClose(double[] expected, float[] found, String what) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      error += (expected[i] - found[i]) * (expected[i] - found[i]);
      norm += expected[i] * expected[i];
    }
    double relative = Math.sqrt(error / norm);
    assertTrue(relative < TOLERANCE, what + " differ by " + relative);
  }
}
