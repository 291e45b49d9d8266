package io.rotatekv.eval.gpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DecodeAttention;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.RandomNormal;
import io.rotatekv.kernels.cuda.RopeAngles;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Attention of one shape on as many sets of inputs as it takes to be larger than the cache: each
 * set is what one layer of a model would have.
 */
final class DecodeWork implements AutoCloseable {

  /** Inputs of all sets together, in units of the cache. */
  private static final int CACHES = 4;

  /** Tokens of an unfilled block: half of it, the mean. */
  private static final int TAIL_TOKENS = BLOCK_TOKENS / 2;

  private static final double LOG2_E = 1 / Math.log(2);

  private final Owned owned = new Owned();
  private final CudaDevice device;
  private final RandomNormal random;
  private final AttentionShape shape;
  private final RandomBlocks blocks;
  private final DecodeAttention attention;
  private final int sets;

  DecodeWork(
      CudaDevice device,
      RandomNormal random,
      CodecContext codec,
      AttentionShape shape,
      RandomBlocks blocks,
      RopeAngles rope) {
    this.device = device;
    this.random = random;
    this.shape = shape;
    this.blocks = blocks;
    attention = owned.own(new DecodeAttention(device, codec, shape.qHeads(), rope, shape.batch()));
    long larger = Math.ceilDiv((long) CACHES * device.l2Bytes(), bytes());
    sets = (int) Math.min(larger, blocks.count() / (shape.batch() * storedBlocks()));
  }

  /** What one set's attention has to read. */
  long bytes() {
    long stored = (long) shape.batch() * storedBlocks() * blocks.blockBytes();
    return stored + (long) shape.batch() * 2 * TAIL_TOKENS * kvDim() * Short.BYTES;
  }

  /** Makes the inputs; returns what attends over each set. */
  List<Consumer<CudaStream>> prepare(CudaStream stream) {
    DeviceBuffer tails = owned.own(device.allocate((long) sets * shape.batch() * tailBytes()));
    random.fill(tails, 3, 1, stream);
    DeviceBuffer query = owned.own(device.allocate(elements() * Float.BYTES));
    DeviceBuffer out = owned.own(device.allocate(elements() * Short.BYTES));
    DeviceBuffer stored = owned.own(device.allocate((long) shape.batch() * Integer.BYTES));
    DeviceBuffer tailTokens = owned.own(device.allocate((long) shape.batch() * Integer.BYTES));
    DeviceBuffer tables = owned.own(device.allocate((long) sets * tableEntries() * Long.BYTES));
    try (Arena arena = Arena.ofConfined()) {
      query.upload(queries(arena), 0, stream);
      stored.upload(constant(arena, storedBlocks()), 0, stream);
      tailTokens.upload(constant(arena, TAIL_TOKENS), 0, stream);
      tables.upload(addresses(arena, tails), 0, stream);
      stream.synchronize();
    }
    attention.schedule(stored.address(), shape.batch(), stream);
    List<Consumer<CudaStream>> work = new ArrayList<>();
    for (int set = 0; set < sets; set++) {
      long table = tables.address() + (long) set * tableEntries() * Long.BYTES;
      long tailTable = table + (long) shape.batch() * storedBlocks() * Long.BYTES;
      work.add(queue ->
          attention.attend(
              0,
              table,
              storedBlocks(),
              tailTable,
              tailTokens.address(),
              query.address(),
              out.address(),
              shape.batch(),
              queue));
    }
    return work;
  }

  private int storedBlocks() {
    return shape.context() / BLOCK_TOKENS;
  }

  private int kvDim() {
    return shape.kvHeads() * shape.headDim();
  }

  private long tailBytes() {
    return 2L * BLOCK_TOKENS * kvDim() * Short.BYTES;
  }

  private long elements() {
    return (long) shape.batch() * shape.qHeads() * shape.headDim();
  }

  /** Of a set: the addresses of its blocks, {@code (batch, stored)}, then of its tails. */
  private int tableEntries() {
    return shape.batch() * (storedBlocks() + 1);
  }

  private MemorySegment addresses(Arena arena, DeviceBuffer tails) {
    MemorySegment table = arena.allocate(ValueLayout.JAVA_LONG, (long) sets * tableEntries());
    int block = 0;
    long at = 0;
    for (int set = 0; set < sets; set++) {
      for (int i = 0; i < shape.batch() * storedBlocks(); i++) {
        table.setAtIndex(ValueLayout.JAVA_LONG, at++, blocks.address(block++));
      }
      for (int i = 0; i < shape.batch(); i++) {
        long tail = tails.address() + ((long) set * shape.batch() + i) * tailBytes();
        table.setAtIndex(ValueLayout.JAVA_LONG, at++, tail);
      }
    }
    return table;
  }

  /** Normal queries, scaled as the kernel takes them. */
  private MemorySegment queries(Arena arena) {
    SplittableRandom numbers = new SplittableRandom(4);
    double scale = LOG2_E / Math.sqrt(shape.headDim());
    MemorySegment query = arena.allocate(ValueLayout.JAVA_FLOAT, elements());
    for (long i = 0; i < elements(); i++) {
      query.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (scale * numbers.nextGaussian()));
    }
    return query;
  }

  private MemorySegment constant(Arena arena, int value) {
    MemorySegment row = arena.allocate(ValueLayout.JAVA_INT, shape.batch());
    for (int i = 0; i < shape.batch(); i++) {
      row.setAtIndex(ValueLayout.JAVA_INT, i, value);
    }
    return row;
  }

  @Override
  public void close() {
    owned.close();
  }
}
