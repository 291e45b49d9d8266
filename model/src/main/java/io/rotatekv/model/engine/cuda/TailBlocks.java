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

  private final TailLayout layout;
  private final CacheMemory memory;
  private final BlockRoom room;
  private final BlockEncoder encoder;
  private final BlockDownloads downloads;
  private final CudaStream stream;
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
      BlockDownloads downloads,
      int rows) {
    this.layout = TailLayout.of(model.codec.shape(), BLOCK_TOKENS);
    this.memory = memory;
    this.room = room;
    this.encoder = encoder;
    this.downloads = downloads;
    this.stream = model.stream;
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

  /** Encodes the full ones of the sequences that {@link #readMaxima} saw, and tells of them. */
  void write(List<CudaSequence> sequences) {
    List<CudaSequence> full = new ArrayList<>();
    for (int i = 0; i < sequences.size(); i++) {
      if (sequences.get(i).tailTokens() == 0) {
        write(sequences.get(i), i);
        full.add(sequences.get(i));
      }
    }
    if (!full.isEmpty()) {
      encoder.losses(stream); // Waits for the encoder, and refuses what no codec can hold.
      full.forEach(sequence -> sequence.replaceTail(0));
      full.forEach(CudaSequence::dropOutgrown);
      downloads.deliver(0);
    }
  }

  private void write(CudaSequence sequence, int index) {
    long table = (long) index * layers() * Long.BYTES;
    BlockRoom.Place[] places = new BlockRoom.Place[layers()];
    for (int layer = 0; layer < layers(); layer++) {
      long floats = (long) layer * BLOCK_TOKENS * Float.BYTES;
      places[layer] = room.append(sequence, layer, maxima(index).asSlice(floats));
      hostTargets
          .segment()
          .set(
              ValueLayout.JAVA_LONG,
              table + (long) layer * Long.BYTES,
              memory.address(places[layer].at()));
    }
    targets.upload(
        hostTargets.segment().asSlice(table, (long) layers() * Long.BYTES), table, stream);
    Tail tail = sequence.requireTail();
    for (int layer = 0; layer < layers(); layer++) {
      long keys = memory.address(tail.layer(layer));
      encoder.encode(
          layer,
          keys,
          keys + tail.layout().sideBytes(),
          memory.address(tail.maxima(layer)),
          1,
          targets.address() + table + (long) layer * Long.BYTES,
          stream);
    }
    if (sequence.listens()) {
      downloads.after(stream);
      int block = sequence.length() / BLOCK_TOKENS - 1;
      for (int layer = 0; layer < layers(); layer++) {
        downloads.queue(sequence, block, layer, places[layer].at(), places[layer].bytes());
      }
    }
  }

  @Override
  public void close() {
    targets.close();
    hostTargets.close();
    maxima.close();
  }
}
