package io.rotatekv.eval.gpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.block.BlockLayout;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.cuda.BlockEncoder;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.RandomNormal;
import io.rotatekv.model.RopeScaling;
import io.rotatekv.model.RopeSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Encoding the keys and values of one layer of LLaMA-3-8B, 4,096 tokens at a time. */
final class EncodeBenchmark {

  private static final KvShape SHAPE = new KvShape(1, 8, 128);
  private static final RopeSpec ROPE =
      new RopeSpec(SHAPE.headDim(), 500_000, new RopeScaling.None());
  private static final int TOKENS = 4096;
  private static final int BLOCKS = TOKENS / BLOCK_TOKENS;

  /** Inputs of all sets together, in units of the cache. */
  private static final int CACHES = 4;

  private static final long SIDE_BYTES = (long) TOKENS * SHAPE.kvDim() * Short.BYTES;

  private final CudaDevice device;
  private final RandomNormal random;
  private final GpuTimer timer;
  private final CopyRate copy;

  EncodeBenchmark(CudaDevice device, RandomNormal random, GpuTimer timer, CopyRate copy) {
    this.device = device;
    this.random = random;
    this.timer = timer;
    this.copy = copy;
  }

  void measure(Consumer<EncodeRow> rows) {
    for (CodecSpec codec : CodecSpec.ALL) {
      CodecContext context = RandomBlocks.context(codec, SHAPE, ROPE.blockRope());
      int blockBytes = BlockLayout.of(codec, SHAPE).length(0);
      long bytes = 2 * SIDE_BYTES + (long) BLOCKS * blockBytes;
      try (Owned owned = new Owned()) {
        BlockEncoder encoder = owned.own(new BlockEncoder(device, context));
        double ms = timer.milliseconds(sets(encoder, blockBytes, bytes, owned));
        encoder.losses(timer.stream()); // throws if what was encoded was not finite
        rows.accept(EncodeRow.of(codec, SHAPE, TOKENS, ms, bytes, copy));
      }
    }
  }

  private List<Consumer<CudaStream>> sets(
      BlockEncoder encoder, int blockBytes, long bytes, Owned owned) {
    CudaStream stream = timer.stream();
    long sets = Math.ceilDiv((long) CACHES * device.l2Bytes(), bytes);
    DeviceBuffer input = owned.own(device.allocate(sets * 2 * SIDE_BYTES));
    random.fill(input, 5, 1, stream);
    // No token's hidden state is beyond the threshold: infinity, of which only the reading counts.
    DeviceBuffer maxima = owned.own(device.allocate((long) TOKENS * Float.BYTES));
    maxima.zero(stream);
    long pitch = Math.ceilDiv(blockBytes, BlockLayout.ALIGNMENT) * (long) BlockLayout.ALIGNMENT;
    DeviceBuffer output = owned.own(device.allocate(sets * BLOCKS * pitch));
    DeviceBuffer targets = owned.own(device.allocate(sets * BLOCKS * Long.BYTES));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment table = arena.allocate(targets.bytes(), Long.BYTES);
      for (long i = 0; i < sets * BLOCKS; i++) {
        table.setAtIndex(ValueLayout.JAVA_LONG, i, output.address() + i * pitch);
      }
      targets.upload(table, 0, stream);
      stream.synchronize();
    }
    List<Consumer<CudaStream>> work = new ArrayList<>();
    for (long set = 0; set < sets; set++) {
      long keys = input.address() + set * 2 * SIDE_BYTES;
      long table = targets.address() + set * BLOCKS * Long.BYTES;
      work.add(queue ->
          encoder.encode(0, keys, keys + SIDE_BYTES, maxima.address(), BLOCKS, table, queue));
    }
    return work;
  }
}
