package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.block.BlockLayout;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;

/**
 * Which kernel attends to stored blocks of a codec and shape on a device.
 *
 * @param source name of the CUDA source
 * @param entry name of the kernel in it
 * @param threads of a thread block; each {@link #WORKER_THREADS} of them work by themselves
 * @param sharedBytes dynamic shared memory that it takes
 * @param groupHeads KV heads of one work item
 */
record AttendVariant(String source, String entry, int threads, int sharedBytes, int groupHeads) {

  /** Threads that work on one item. */
  static final int WORKER_THREADS = 128;

  private static final int MAX_QUERIES = 8;

  /**
   * Work items in shared memory: one is worked on while the next comes. Of {@code attend_blocks.cu}
   * these are without the codes of values, which are used last and have room for one.
   */
  private static final int STAGES = 2;

  /** What {@code attend_blocks.cu} tabulates of one group of keys for the four warps. */
  private static final int TABLE_BYTES = 1024;

  /**
   * The variant that is fastest.
   *
   * @param capability as {@link CudaDevice#codeCapability}
   * @param queries query heads per KV head
   * @throws IllegalArgumentException if there is none
   */
  static AttendVariant of(int capability, CodecSpec spec, KvShape shape, int queries) {
    requireSupported(shape, queries);
    return switch (spec.family()) {
      case FP16 -> halves(shape);
      case CENTRED, SHAPED ->
          capability == CudaDevice.HOPPER && fitsCentredHopper(spec, shape, queries)
              ? centredHopper(queries)
              : blocks(spec.bits() == 2 ? "centred2" : "centred34", spec, shape, queries);
      case ROTATEKV -> blocks(spec.bits() == 2 ? "rotatekv2" : "rotatekv34", spec, shape, queries);
    };
  }

  private static AttendVariant halves(KvShape shape) {
    int stage = 2 * BLOCK_TOKENS * shape.headDim() * Short.BYTES;
    String entry = "attend_halves_d%d".formatted(shape.headDim());
    return new AttendVariant("attend_halves", entry, WORKER_THREADS, STAGES * stage, 1);
  }

  private static boolean fitsCentredHopper(CodecSpec spec, KvShape shape, int queries) {
    boolean known = spec.bits() == 2 && (queries == 1 || queries == 2 || queries == 4);
    return known && shape.headDim() == 128 && shape.rotationHeads() == 4;
  }

  private static AttendVariant centredHopper(int queries) {
    String entry = "attend_centred_d128_g4_q%d_sm90".formatted(queries);
    int workers = queries == 1 ? 4 : 3;
    int shared =
        switch (queries) {
          case 1 -> 220160;
          case 2 -> 179200;
          default -> 204928;
        };
    return new AttendVariant("attend_centred_sm90", entry, workers * WORKER_THREADS, shared, 4);
  }

  private static AttendVariant blocks(String codec, CodecSpec spec, KvShape shape, int queries) {
    int groupHeads = shape.rotationHeads();
    String entry =
        "attend_%s_d%d_g%d_t%d"
            .formatted(codec, shape.headDim(), groupHeads, queryTiles(groupHeads, queries));
    return new AttendVariant(
        "attend_blocks", entry, WORKER_THREADS, blocksShared(spec, shape), groupHeads);
  }

  /** How many tiles of 8 columns the queries of a rotation group take, rounded up to a variant. */
  private static int queryTiles(int groupHeads, int queries) {
    return groupHeads < 4
        ? groupHeads
        : Integer.highestOneBit(Math.ceilDiv(groupHeads * queries, 8) * 2 - 1);
  }

  /** Stages of what a work item needs of a block and, for rotatekv, the table of key scales. */
  private static int blocksShared(CodecSpec spec, KvShape shape) {
    boolean centred = spec.family().centred();
    BlockLayout layout = BlockLayout.of(spec, shape);
    int items = shape.kvHeads() / shape.rotationHeads();
    int keyScales = centred ? layout.scaleBytes() / items : layout.scaleBytes();
    int valueScales = layout.scaleBytes() / items;
    int perScale = centred ? 1 : 2; // a zero point with each
    int codes = layout.codeBytes() / items;
    int stage = codes + perScale * (keyScales + valueScales) + BlockLayout.ALIGNMENT;
    return STAGES * stage + codes + (centred ? 0 : TABLE_BYTES * shape.groups());
  }

  private static void requireSupported(KvShape shape, int queries) {
    boolean knownDim = shape.headDim() == 64 || shape.headDim() == 128;
    if (!knownDim || queries < 1 || queries > MAX_QUERIES) {
      throw new IllegalArgumentException(
          ("the GPU's attention knows heads of 64 or 128 channels and 1 to %d query heads per KV"
                  + " head, not heads of %d and %d per KV head; take --backend cpu")
              .formatted(MAX_QUERIES, shape.headDim(), queries));
    }
  }
}
