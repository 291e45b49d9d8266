package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.PinnedBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tables by which a decode step finds the memory of its sequences. A sequence keeps its row
 * from step to step, so that a row travels only when a block was added: the addresses that a long
 * context takes are too many for every step.
 */
final class DecodeRows implements AutoCloseable {

  private final KvShape shape;
  private final CacheMemory memory;
  private final CudaStream stream;
  private final int rows;
  private final int blockStride;
  private final @Nullable CudaSequence[] owners;
  private final int[] shownBlocks;
  private final @Nullable Tail[] shownTails;
  private final TailGrowth growth;
  private final DeviceBuffer blocks;
  private final PinnedBuffer hostBlocks;
  private final DeviceBuffer tails;
  private final PinnedBuffer hostTails;
  private final DeviceBuffer padding; // keys and values of a block of one layer, then maxima
  private final long paddingMaxima;
  private boolean tailsChanged = true;

  /**
   * Empty tables.
   *
   * @param rows the most sequences of a step
   * @param blockStride the most blocks of a sequence
   */
  DecodeRows(
      CudaDevice device,
      KvShape shape,
      CacheMemory memory,
      TailGrowth growth,
      CudaStream stream,
      int rows,
      int blockStride) {
    this.shape = shape;
    this.memory = memory;
    this.growth = growth;
    this.stream = stream;
    this.rows = rows;
    this.blockStride = blockStride;
    owners = new CudaSequence[rows];
    shownBlocks = new int[rows];
    shownTails = new Tail[rows];
    long blockTable = (long) rows * layers() * blockStride * Long.BYTES;
    blocks = device.allocate(blockTable);
    hostBlocks = device.allocatePinned(blockTable);
    long tailTable = (layers() + 1L) * rows * Long.BYTES;
    tails = device.allocate(tailTable);
    hostTails = device.allocatePinned(tailTable);
    TailLayout layout = TailLayout.of(shape, 1);
    paddingMaxima = 2 * layout.sideBytes();
    padding = device.allocate(paddingMaxima + layout.maximaBytes());
    for (int row = 0; row < rows; row++) {
      pad(row);
    }
  }

  private int layers() {
    return shape.layers();
  }

  /** Address of a layer's block addresses, {@code (rows, layers, blockStride)} in all. */
  long blocks(int layer) {
    return blocks.address() + (long) layer * blockStride * Long.BYTES;
  }

  /** Addresses from one row of {@link #blocks} to the next. */
  int rowStride() {
    return layers() * blockStride;
  }

  /** Address of the addresses of a layer's unfilled blocks, {@code (rows)}. */
  long tails(int layer) {
    return tails.address() + (long) layer * rows * Long.BYTES;
  }

  /** Address of the addresses of the sequences' largest magnitudes, {@code (rows)}. */
  long maxima() {
    return tails(layers());
  }

  /**
   * Gives each sequence a row below {@code width} and brings the tables up to date; the other rows
   * below {@code width} become padding, which reads nothing and writes where nobody reads.
   *
   * @return the sequences' rows
   */
  int[] assign(List<CudaSequence> sequences, int width) {
    int[] assigned = new int[sequences.size()];
    boolean[] used = new boolean[rows];
    for (int i = 0; i < assigned.length; i++) {
      growth.grow(sequences.get(i)); // May find the cache full, before a token has run.
      assigned[i] = find(sequences.get(i), i, width);
      if (assigned[i] >= 0) {
        used[assigned[i]] = true;
      }
    }
    for (int i = 0; i < assigned.length; i++) {
      if (assigned[i] < 0) {
        assigned[i] = take(used);
      }
      show(assigned[i], sequences.get(i));
    }
    for (int row = 0; row < rows; row++) {
      if (!used[row] && owners[row] != null) {
        pad(row);
      }
    }
    if (tailsChanged) {
      tails.upload(hostTails.segment(), 0, stream);
      tailsChanged = false;
    }
    return assigned;
  }

  private int find(CudaSequence sequence, int guess, int width) {
    if (owners[guess] == sequence) {
      return guess;
    }
    return Arrays.asList(owners).subList(0, width).indexOf(sequence);
  }

  private static int take(boolean[] used) {
    int row = 0;
    while (used[row]) {
      row++;
    }
    used[row] = true;
    return row;
  }

  private void show(int row, CudaSequence sequence) {
    boolean moved = owners[row] != sequence;
    int count = sequence.blocks(0);
    Tail tail = sequence.requireTail();
    owners[row] = sequence;
    if (!tail.equals(shownTails[row])) {
      shownTails[row] = tail;
      for (int layer = 0; layer < layers(); layer++) {
        setTail(layer, row, memory.address(tail.layer(layer)));
      }
      setTail(layers(), row, memory.address(tail.maxima()));
    }
    if (moved || shownBlocks[row] != count) {
      shownBlocks[row] = count;
      uploadBlocks(row, sequence);
    }
  }

  private void uploadBlocks(int row, CudaSequence sequence) {
    long layerBytes = (long) blockStride * Long.BYTES;
    long at = (long) row * layers() * layerBytes;
    MemorySegment table = hostBlocks.segment().asSlice(at, layers() * layerBytes);
    for (int layer = 0; layer < layers(); layer++) {
      sequence.writeAddresses(layer, table.asSlice(layer * layerBytes, layerBytes));
    }
    blocks.upload(table, at, stream);
  }

  private void pad(int row) {
    owners[row] = null;
    shownTails[row] = null;
    for (int layer = 0; layer < layers(); layer++) {
      setTail(layer, row, padding.address());
    }
    setTail(layers(), row, padding.address() + paddingMaxima);
  }

  private void setTail(int layer, int row, long address) {
    hostTails.segment().setAtIndex(ValueLayout.JAVA_LONG, (long) layer * rows + row, address);
    tailsChanged = true;
  }

  @Override
  public void close() {
    blocks.close();
    hostBlocks.close();
    tails.close();
    hostTails.close();
    padding.close();
  }
}
