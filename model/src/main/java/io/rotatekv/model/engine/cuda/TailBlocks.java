package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.cuda.BlockEncoder;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.PinnedBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Encodes the unfilled blocks that a decode step has filled. */
final class TailBlocks implements AutoCloseable {

  /** Blocks that are encoded at a time. */
  private static final int PARALLEL = 16;

  private final TailLayout layout;
  private final CacheMemory memory;
  private final BlockRoom room;
  private final BlockEncoder encoder;
  private final EncodeTally tally;
  private final BlockDownloads downloads;
  private final CudaStream stream;
  private final ParallelStreams parallel;
  private final DeviceBuffer targets; // (rows, layers): where blocks go
  private final PinnedBuffer hostTargets;
  private final PinnedBuffer maxima; // (rows, layers, 64)

  /**
   * Room for the blocks of one step.
   *
   * @param rows the most sequences of a step
   */
  TailBlocks(
      DeviceModel model,
      CacheMemory memory,
      BlockRoom room,
      BlockEncoder encoder,
      EncodeTally tally,
      BlockDownloads downloads,
      int rows) {
    this.layout = TailLayout.of(model.codec.shape(), BLOCK_TOKENS);
    this.memory = memory;
    this.room = room;
    this.encoder = encoder;
    this.tally = tally;
    this.downloads = downloads;
    this.stream = model.stream;
    parallel = new ParallelStreams(model.device, PARALLEL);
    long targetBytes = (long) rows * layers() * Long.BYTES;
    targets = model.device.allocate(targetBytes);
    hostTargets = model.device.allocatePinned(targetBytes);
    maxima = model.device.allocatePinned(rows * layout.maximaBytes());
  }

  private int layers() {
    return layout.shape().layers();
  }

  /** Queues the way back of the magnitudes by which sinks are told, where a block gets full. */
  void readMaxima(List<CudaSequence> sequences) {
    if (!room.hasSinks()) {
      return;
    }
    for (int i = 0; i < sequences.size(); i++) {
      if (sequences.get(i).tailTokens() == BLOCK_TOKENS - 1) {
        memory.download(maxima(i), sequences.get(i).requireTail().maxima(), stream);
      }
    }
  }

  private MemorySegment maxima(int index) {
    return maxima.segment().asSlice(index * layout.maximaBytes(), layout.maximaBytes());
  }

  /** A block that a sequence has filled: its places by layer, and where these stand in targets. */
  private record Filled(CudaSequence sequence, List<BlockRoom.Place> places, long table) {}

  /** Encodes the full ones of the sequences that {@link #readMaxima} saw, and tells of them. */
  void write(List<CudaSequence> sequences) {
    List<Filled> filled = encodeFull(sequences);
    if (!filled.isEmpty()) {
      downloads.after(stream);
      filled.forEach(this::queueDownloads);
      // Waits for the encoder, and refuses what no codec can hold.
      tally.losses(encoder.losses(stream));
      filled.forEach(block -> block.sequence.replaceTail(0));
      filled.forEach(block -> block.sequence.dropOutgrown());
      downloads.deliver(0);
    }
  }

  /** A block of one layer leaves most of the device idle, so many are encoded at a time. */
  private List<Filled> encodeFull(List<CudaSequence> sequences) {
    List<Filled> filled = new ArrayList<>();
    try {
      for (int i = 0; i < sequences.size(); i++) {
        if (sequences.get(i).tailTokens() == 0) {
          Filled block = makeRoom(sequences.get(i), i);
          filled.add(block);
          parallel.fork(stream);
          for (int layer = 0; layer < layers(); layer++) {
            encode(block, layer, parallel.next());
          }
        }
      }
    } finally {
      if (!filled.isEmpty()) {
        parallel.join(stream);
      }
    }
    return filled;
  }

  private Filled makeRoom(CudaSequence sequence, int index) {
    long table = (long) index * layers() * Long.BYTES;
    List<BlockRoom.Place> places = new ArrayList<>();
    for (int layer = 0; layer < layers(); layer++) {
      long floats = (long) layer * BLOCK_TOKENS * Float.BYTES;
      BlockRoom.Place place = room.append(sequence, layer, maxima(index).asSlice(floats));
      places.add(place);
      hostTargets
          .segment()
          .set(
              ValueLayout.JAVA_LONG, table + (long) layer * Long.BYTES, memory.address(place.at()));
    }
    targets.upload(
        hostTargets.segment().asSlice(table, (long) layers() * Long.BYTES), table, stream);
    return new Filled(sequence, places, table);
  }

  private void encode(Filled block, int layer, CudaStream on) {
    Tail tail = block.sequence.requireTail();
    long keys = memory.address(tail.layer(layer));
    encoder.encode(
        layer,
        keys,
        keys + tail.layout().sideBytes(),
        memory.address(tail.maxima(layer)),
        1,
        targets.address() + block.table + (long) layer * Long.BYTES,
        on);
  }

  private void queueDownloads(Filled filled) {
    CudaSequence sequence = filled.sequence;
    if (sequence.listens()) {
      int block = sequence.length() / BLOCK_TOKENS - 1;
      for (int layer = 0; layer < layers(); layer++) {
        BlockRoom.Place place = filled.places.get(layer);
        downloads.queue(sequence, block, layer, place.at(), place.bytes());
      }
    }
  }

  @Override
  public void close() {
    parallel.close();
    targets.close();
    hostTargets.close();
    maxima.close();
  }
}
