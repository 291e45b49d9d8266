package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.cuda.BlockEncoder;
import io.rotatekv.kernels.cuda.CudaEvent;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.PinnedBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Many new tokens of one sequence. Layer by layer: keys and values are projected, full blocks
 * encoded into the cache, then attended to as they are stored; meanwhile the blocks of the layer
 * before travel to the host.
 *
 * <p>A block's size depends on its sinks, which the host must know before the block can have a
 * place. They are decided by what enters the layer, so the answer comes back while the device
 * projects.
 */
final class PrefillPass implements AutoCloseable {

  private final Deque<AutoCloseable> owned = new ArrayDeque<>();
  private final DeviceModel model;
  private final CudaStream stream;
  private final long rowBytes; // of a token's key, and of its value, in one layer
  private final CacheMemory memory;
  private final BlockRoom room;
  private final BlockEncoder encoder;
  private final EncodeTally tally;
  private final BlockSampler sampler;
  private final BlockDownloads downloads;
  private final ChunkAttention attention;
  private final int blockStride;
  private final DeviceBuffer inputs; // INT32 (2, chunk): tokens, positions
  private final PinnedBuffer hostInputs;
  private final DeviceBuffer keys; // FP16 (chunk, kvDim), before RoPE, from a block's first token
  private final DeviceBuffer values; // FP16 (chunk, kvDim)
  private final DeviceBuffer maxima; // FP32 (chunk)
  private final PinnedBuffer hostMaxima;
  private final CudaEvent maximaRead;
  private final DeviceBuffer tables; // (layers, blockStride): addresses of the sequence's blocks
  private final PinnedBuffer hostTables;

  /**
   * A pass for chunks of the engine's limits.
   *
   * @param blockStride the most blocks of a sequence
   */
  PrefillPass(
      DeviceModel model,
      CacheMemory memory,
      BlockRoom room,
      BlockEncoder encoder,
      EncodeTally tally,
      BlockSampler sampler,
      BlockDownloads downloads,
      ChunkAttention attention,
      int blockStride) {
    this.model = model;
    this.stream = model.stream;
    this.rowBytes = (long) model.codec.shape().kvDim() * Short.BYTES;
    this.memory = memory;
    this.room = room;
    this.encoder = encoder;
    this.tally = tally;
    this.sampler = sampler;
    this.downloads = downloads;
    this.attention = attention;
    this.blockStride = blockStride;
    int chunk = model.limits.chunkTokens();
    inputs = own(model.device.allocate(2L * chunk * Integer.BYTES));
    hostInputs = own(model.device.allocatePinned(2L * chunk * Integer.BYTES));
    keys = own(model.device.allocate(chunk * rowBytes));
    values = own(model.device.allocate(chunk * rowBytes));
    maxima = own(model.device.allocate((long) chunk * Float.BYTES));
    hostMaxima = own(model.device.allocatePinned((long) chunk * Float.BYTES));
    maximaRead = own(model.device.event());
    long tableBytes = (long) model.config.layers() * blockStride * Long.BYTES;
    tables = own(model.device.allocate(tableBytes));
    hostTables = own(model.device.allocatePinned(tableBytes));
  }

  private <T extends AutoCloseable> T own(T part) {
    owned.push(part);
    return part;
  }

  /**
   * Appends tokens, at most a chunk's, the unfilled block's included; leaves their normed hidden
   * states, and returns when the device is done and listeners have been told.
   */
  void run(CudaSequence sequence, int[] tokens) {
    Chunk chunk = new Chunk(sequence.length(), tokens.length);
    int rows = chunk.added();
    Tail before = sequence.tail();
    sequence.replaceTail(chunk.left());
    upload(chunk, tokens);
    model.kernels.embed(inputs.address(), rows);
    for (int layer = 0; layer < model.config.layers(); layer++) {
      model.kernels.enter(layer, rows, maxima.address() + (long) chunk.held() * Float.BYTES);
      restoreTail(before, chunk, layer);
      readMaxima(chunk, layer);
      model.kernels.project(layer, rows);
      splitQkv(chunk, layer);
      sequence.await(layer, stream);
      storeBlocks(sequence, chunk, layer);
      attention.attend(chunk, layer, table(layer), keys.address(), values.address());
      model.kernels.leave(layer, rows);
      saveTail(sequence.tail(), chunk, layer);
      // By now the device is busy with this layer, so there is time for the one before.
      downloads.deliver(sequence.listens() ? chunk.fullBlocks() : 0);
    }
    model.kernels.finish(rows);
    downloads.deliver(0);
    // Waits for everything, and refuses what no codec can hold.
    tally.losses(encoder.losses(stream));
    sampler.look();
    sequence.dropOutgrown();
    sequence.grow(rows);
  }

  private void upload(Chunk chunk, int[] tokens) {
    MemorySegment to = hostInputs.segment();
    int positionsAt = model.limits.chunkTokens();
    for (int row = 0; row < tokens.length; row++) {
      to.setAtIndex(ValueLayout.JAVA_INT, row, tokens[row]);
      to.setAtIndex(ValueLayout.JAVA_INT, positionsAt + row, chunk.position() + row);
    }
    inputs.upload(to, 0, stream);
  }

  /** Brings the unfilled block's tokens in front of the new ones. */
  private void restoreTail(@Nullable Tail tail, Chunk chunk, int layer) {
    if (tail == null || chunk.held() == 0) {
      return;
    }
    long bytes = chunk.held() * rowBytes;
    long from = tail.layer(layer);
    memory.copyOut(from, bytes, keys, 0, stream);
    memory.copyOut(from + tail.layout().sideBytes(), bytes, values, 0, stream);
    long floats = (long) chunk.held() * Float.BYTES;
    memory.copyOut(tail.maxima(layer), floats, maxima, 0, stream);
  }

  /** Makes the tokens beyond the last full block the unfilled block. */
  private void saveTail(@Nullable Tail tail, Chunk chunk, int layer) {
    if (tail == null) {
      return;
    }
    int first = chunk.fullBlocks() * BLOCK_TOKENS;
    long bytes = chunk.left() * rowBytes;
    long skip = first * rowBytes;
    long to = tail.layer(layer);
    memory.copyIn(keys, skip, bytes, to, stream);
    memory.copyIn(values, skip, bytes, to + tail.layout().sideBytes(), stream);
    long floats = (long) chunk.left() * Float.BYTES;
    memory.copyIn(maxima, (long) first * Float.BYTES, floats, tail.maxima(layer), stream);
  }

  private boolean decidesSinks(Chunk chunk, int layer) {
    return room.hasSinks(layer) && chunk.fullBlocks() > 0;
  }

  private void readMaxima(Chunk chunk, int layer) {
    if (decidesSinks(chunk, layer)) {
      long bytes = (long) chunk.tokens() * Float.BYTES;
      maxima.download(hostMaxima.segment().asSlice(0, bytes), 0, stream);
      maximaRead.record(stream);
    }
  }

  private void splitQkv(Chunk chunk, int layer) {
    long skip = chunk.held() * rowBytes;
    model.qkv.prefill(
        model.activations.qkv.address(),
        model.kernels.bias(layer),
        inputs.address() + (long) model.limits.chunkTokens() * Integer.BYTES,
        chunk.added(),
        keys.address() + skip,
        values.address() + skip,
        model.activations.query.address(),
        stream);
  }

  /** Encodes full blocks into the cache; afterwards the layer's table holds all blocks. */
  private void storeBlocks(CudaSequence sequence, Chunk chunk, int layer) {
    if (decidesSinks(chunk, layer)) {
      maximaRead.synchronize();
    }
    BlockRoom.Place[] places = new BlockRoom.Place[chunk.fullBlocks()];
    for (int i = 0; i < places.length; i++) {
      long floats = (long) i * BLOCK_TOKENS * Float.BYTES;
      places[i] = room.append(sequence, layer, hostMaxima.segment().asSlice(floats));
    }
    long tableBytes = (long) blockStride * Long.BYTES;
    MemorySegment table = hostTables.segment().asSlice(layer * tableBytes, tableBytes);
    sequence.writeAddresses(layer, table);
    tables.upload(table, layer * tableBytes, stream);
    if (places.length == 0) {
      return;
    }
    encoder.encode(
        layer,
        keys.address(),
        values.address(),
        maxima.address(),
        places.length,
        table(layer) + (long) chunk.firstBlock() * Long.BYTES,
        stream);
    sampler.copy(layer, keys, values, places[0], stream);
    if (sequence.listens()) {
      downloads.after(stream);
      for (int i = 0; i < places.length; i++) {
        int block = chunk.firstBlock() + i;
        downloads.queue(sequence, block, layer, places[i].at(), places[i].bytes());
      }
    }
  }

  private long table(int layer) {
    return tables.address() + (long) layer * blockStride * Long.BYTES;
  }

  @Override
  public void close() {
    Closing.all(owned);
  }
}
