package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.BlockRope;
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
 * What encoding and expanding keys take from the calibration, on the device, by layer: for {@code
 * centred} and {@code shaped} the FP32 mean of each channel; for {@code rotatekv} a 16-bit rank, by
 * which the channels of a group are neighbours. In the order of {@code lineTable} in {@code
 * detail/lines.cuh}: 16-byte pieces of 16 lines side by side. And of all layers the turns of keys
 * that are centred.
 */
final class LineTables implements AutoCloseable {

  private static final int PIECE_BYTES = 16;
  private static final int SIDE_BY_SIDE = 16;

  private final CodecFamily family;
  private final long layerBytes;
  private final DeviceBuffer tables;
  private final @Nullable DeviceBuffer turns;

  /** Computes and copies the tables of a codec that quantizes. */
  LineTables(CudaDevice device, CodecContext codec) {
    family = codec.spec().family();
    KvShape shape = codec.shape();
    int lines = Math.ceilDiv(shape.kvDim() / LineTiling.LINE, SIDE_BY_SIDE) * SIDE_BY_SIDE;
    layerBytes = (long) lines * LineTiling.LINE * entryBytes();
    try (Arena arena = Arena.ofConfined();
        CudaStream stream = device.stream()) {
      MemorySegment host = arena.allocate(layerBytes * shape.layers(), PIECE_BYTES);
      for (int layer = 0; layer < shape.layers(); layer++) {
        fill(host.asSlice(layer * layerBytes, layerBytes), codec, layer);
      }
      tables = device.allocate(host.byteSize());
      tables.upload(host, 0, stream);
      turns = family.centred() ? turns(device, codec.rope(), stream, arena) : null;
      stream.synchronize();
    }
  }

  private static DeviceBuffer turns(
      CudaDevice device, BlockRope rope, CudaStream stream, Arena arena) {
    int pairs = rope.pairs();
    MemorySegment host = arena.allocate(2L * rope.cos().length * Float.BYTES, PIECE_BYTES);
    for (int at = 0; at < rope.cos().length; at++) {
      int token = at % BLOCK_TOKENS;
      int pair = at / BLOCK_TOKENS;
      long to = 2L * (token * pairs + pair);
      host.setAtIndex(ValueLayout.JAVA_FLOAT, to, rope.cos()[at]);
      host.setAtIndex(ValueLayout.JAVA_FLOAT, to + 1, rope.sin()[at]);
    }
    DeviceBuffer buffer = device.allocate(host.byteSize());
    buffer.upload(host, 0, stream);
    return buffer;
  }

  /** Address of a layer's means, 0 for a codec without. */
  long mean(int layer) {
    return family.centred() ? tables.address() + layer * layerBytes : 0;
  }

  /** Address of FP32 (cos, sin) of a block's places, {@code (64, pairs)}, 0 for a codec without. */
  long turns() {
    return turns == null ? 0 : turns.address();
  }

  /** Address of a layer's ranks, 0 for a codec without. */
  long rank(int layer) {
    return family == CodecFamily.ROTATEKV ? tables.address() + layer * layerBytes : 0;
  }

  private int entryBytes() {
    return family.centred() ? Float.BYTES : Short.BYTES;
  }

  private void fill(MemorySegment table, CodecContext codec, int layer) {
    if (family.centred()) {
      float[] mean = KeyMean.inModelBasis(codec, layer);
      for (int channel = 0; channel < mean.length; channel++) {
        table.set(ValueLayout.JAVA_FLOAT, place(channel), mean[channel]);
      }
      return;
    }
    int[] groups = SidePlan.keys(codec, layer).group();
    int[] members = new int[codec.shape().groups()];
    for (int channel = 0; channel < groups.length; channel++) {
      int rank = groups[channel] * codec.shape().group() + members[groups[channel]]++;
      table.set(ValueLayout.JAVA_SHORT, place(channel), (short) rank);
    }
  }

  /** Byte of a channel's entry in a layer's table. */
  private long place(int channel) {
    int entries = PIECE_BYTES / entryBytes();
    int line = channel / LineTiling.LINE;
    int piece = channel % LineTiling.LINE / entries;
    int pieces = LineTiling.LINE / entries;
    long at = ((long) line / SIDE_BY_SIDE * pieces + piece) * SIDE_BY_SIDE + line % SIDE_BY_SIDE;
    return at * PIECE_BYTES + (long) channel % entries * entryBytes();
  }

  @Override
  public void close() {
    tables.close();
    if (turns != null) {
      turns.close();
    }
  }
}
