package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.block.BlockHeader;
import io.rotatekv.kernels.block.Blocks;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.cuda.CudaEvent;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Sequence;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A sequence in the device's memory. Its monitor guards what {@link #load} shares with the engine,
 * which lets no work of the device on a sequence outlast a call of {@code run}: so a sequence can
 * be closed between calls, by any thread.
 */
final class CudaSequence implements Sequence {

  private final CodecContext codec;
  private final CacheMemory memory;
  private final BlockUploads uploads;
  private final BlockListener listener;
  private final List<LayerBlocks> layers;
  private final HostBlocks host;
  private final List<MemorySegment> made = new ArrayList<>();
  private @Nullable Tail tail;
  private @Nullable Tail outgrown;
  private int length;
  private boolean loading;
  private boolean closed;
  private @Nullable RuntimeException failure;

  CudaSequence(
      CodecContext codec,
      CacheMemory memory,
      BlockUploads uploads,
      HostBlocks host,
      BlockListener listener) {
    this.codec = codec;
    this.memory = memory;
    this.uploads = uploads;
    this.host = host;
    this.listener = listener;
    this.layers =
        IntStream.range(0, codec.shape().layers()).mapToObj(layer -> new LayerBlocks()).toList();
  }

  @Override
  public int length() {
    return length;
  }

  /** Counts tokens whose keys and values are in all layers. */
  void grow(int tokens) {
    length += tokens;
  }

  /** Tokens in the unfilled block. */
  int tailTokens() {
    return length % BLOCK_TOKENS;
  }

  /** The unfilled block; null where it has no tokens yet. */
  synchronized @Nullable Tail tail() {
    return tail;
  }

  /** The unfilled block, which must have tokens or room for them. */
  Tail requireTail() {
    return Objects.requireNonNull(tail(), "the sequence has no unfilled block");
  }

  /**
   * Makes sure that the unfilled block has room.
   *
   * @param tokens 1 to 64
   * @return the block that was outgrown, whose tokens are to be copied from; null if there is none
   */
  synchronized @Nullable Tail growTail(int tokens) {
    if (tail != null && tail.layout().capacity() >= tokens) {
      return null;
    }
    Tail old = tail;
    replaceTail(tokens);
    return old;
  }

  /**
   * Takes a new unfilled block. The old one stays readable until {@link #dropOutgrown}.
   *
   * @param tokens what it needs room for; 0 for none
   */
  synchronized void replaceTail(int tokens) {
    Tail next = null;
    if (tokens > 0) {
      TailLayout layout = TailLayout.of(codec.shape(), tokens);
      next = new Tail(memory.take(layout.bytes()), layout);
    }
    dropOutgrown();
    outgrown = tail;
    tail = next;
  }

  /** Gives the outgrown block back, once the device is done with it. */
  synchronized void dropOutgrown() {
    free(outgrown);
    outgrown = null;
  }

  private void free(@Nullable Tail block) {
    if (block != null) {
      memory.free(block.place());
    }
  }

  /** Whether anybody wants the blocks that the engine makes. */
  boolean listens() {
    return !listener.equals(BlockListener.NONE);
  }

  /** Host memory for a block that was made here, valid as long as this sequence is open. */
  synchronized MemorySegment hostBlock(long bytes) {
    MemorySegment block = host.take(bytes);
    made.add(block);
    return block;
  }

  /** Tells the listener of a block. */
  void tell(int block, int layer, MemorySegment bytes) {
    listener.onBlock(block, layer, bytes);
  }

  /** Appends a block that this engine makes. */
  synchronized void add(int layer, long at, long bytes) {
    layers.get(layer).add(at, bytes);
  }

  /** Stored blocks of a layer. */
  synchronized int blocks(int layer) {
    return layers.get(layer).count();
  }

  /** Writes the addresses of a layer's blocks, which must all be there. */
  synchronized void writeAddresses(int layer, MemorySegment to) {
    layers.get(layer).write(memory, to);
  }

  @Override
  public synchronized void expect(int blocks) {
    if (length != 0) {
      throw new IllegalStateException("only an empty sequence can take stored blocks");
    }
    layers.forEach(layer -> layer.expect(blocks));
    length = blocks * BLOCK_TOKENS;
    loading = blocks > 0;
  }

  @Override
  public void load(int block, int layer, MemorySegment bytes) {
    BlockHeader header = Blocks.verify(bytes, codec, layer);
    if (!wants(block, layer)) {
      return;
    }
    long at = memory.take(header.blockBytes());
    uploads.copy(bytes.asSlice(0, header.blockBytes()), at);
    if (!put(block, layer, at, header.blockBytes())) {
      uploads.drain();
      memory.free(at);
    }
  }

  private synchronized boolean wants(int block, int layer) {
    return !closed && !layers.get(layer).has(block);
  }

  private synchronized boolean put(int block, int layer, long at, long bytes) {
    if (closed) {
      return false;
    }
    LayerBlocks blocks = layers.get(layer);
    blocks.put(block, at, bytes);
    if (blocks.missing() == 0) {
      blocks.ready(uploads.mark());
      notifyAll();
    }
    return true;
  }

  @Override
  public synchronized void abort(RuntimeException cause) {
    failure = cause;
    notifyAll();
  }

  @Override
  public synchronized boolean loaded(int layer) {
    return layers.subList(0, layer + 1).stream().allMatch(blocks -> blocks.missing() == 0);
  }

  /**
   * Waits until the blocks of {@code layer} have come, bounded by {@link #abort}, and lets {@code
   * stream} wait until they are on the device.
   */
  synchronized void await(int layer, CudaStream stream) {
    LayerBlocks blocks = layers.get(layer);
    while (blocks.missing() > 0) {
      if (failure != null) {
        throw failure;
      }
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while waiting for blocks", e);
      }
    }
    CudaEvent ready = blocks.ready();
    if (ready != null) {
      stream.waitFor(ready);
    }
  }

  @Override
  public void seal() {
    // Nothing but the unfilled block is kept in full precision.
  }

  @Override
  public synchronized long blockBytes() {
    return layers.stream().mapToLong(LayerBlocks::bytes).sum();
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (loading) {
      uploads.drain(); // The copies may still be on their way.
    }
    layers.forEach(blocks -> blocks.free(memory));
    free(tail);
    free(outgrown);
    made.forEach(host::give);
  }
}
