package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.block.EncodeSampler;
import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.kernels.codec.SampledError;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.PinnedBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at some of the blocks that the device encodes: one of each chunk of a prompt, layer after
 * layer in turn. The block and what it was made of come to the host, where a thread decodes the
 * one, and encodes the other once more to see what the codec clips. A chunk that comes while that
 * thread is busy goes unseen, so nothing ever waits for it.
 */
final class BlockSampler implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(BlockSampler.class);

  private record Sample(int layer, long sinks) {}

  private final CacheMemory memory;
  private final EncodeTally tally;
  private final BlockCodec codec; // of the thread
  private final EncodeSampler sampler; // of the thread
  private final PinnedBuffer keys; // FP16 (64, kvDim)
  private final PinnedBuffer values; // FP16 (64, kvDim)
  private final PinnedBuffer block;
  private final Arena arena = Arena.ofShared(); // made by one thread, used by another
  private final MemorySegment again;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("block-sampler").factory());
  private final AtomicBoolean busy = new AtomicBoolean();
  private int turn;
  private @Nullable Sample copied;

  /**
   * A sampler.
   *
   * @param codec for this alone
   */
  BlockSampler(CudaDevice device, CacheMemory memory, EncodeTally tally, BlockCodec codec) {
    this.memory = memory;
    this.tally = tally;
    this.codec = codec;
    sampler = new EncodeSampler(codec);
    long sideBytes = (long) BLOCK_TOKENS * codec.shape().kvDim() * Short.BYTES;
    keys = device.allocatePinned(sideBytes);
    values = device.allocatePinned(sideBytes);
    block = device.allocatePinned(codec.maxBlockBytes());
    again = arena.allocate(codec.maxBlockBytes(), Long.BYTES);
  }

  /**
   * Queues copies of a block, if it is its layer's turn.
   *
   * @param fromKeys what the block was made of, from its first token on
   * @param fromValues likewise
   * @param place where the block is
   */
  void copy(
      int layer,
      DeviceBuffer fromKeys,
      DeviceBuffer fromValues,
      BlockRoom.Place place,
      CudaStream stream) {
    if (layer != turn || busy.get()) {
      return;
    }
    fromKeys.download(keys.segment(), 0, stream);
    fromValues.download(values.segment(), 0, stream);
    memory.download(block.segment().asSlice(0, place.bytes()), place.at(), stream);
    copied = new Sample(layer, place.sinks());
  }

  /** Hands over what was copied, once the stream has done so. */
  void look() {
    Sample sample = copied;
    if (sample != null) {
      copied = null;
      turn = (turn + 1) % codec.shape().layers();
      busy.set(true);
      thread.execute(() -> look(sample));
    }
  }

  private void look(Sample sample) {
    try {
      int layer = sample.layer();
      float[] exactKeys = floats(keys.segment());
      float[] exactValues = floats(values.segment());
      SampledError error =
          sampler.error(layer, exactKeys, exactValues, sample.sinks(), block.segment());
      EncodeStats before = codec.stats(layer);
      codec.encode(layer, exactKeys, exactValues, sample.sinks(), again);
      EncodeStats after = codec.stats(layer);
      tally.sampled(
          layer,
          error,
          after.clippedCodes() - before.clippedCodes(),
          after.codes() - before.codes());
    } catch (RuntimeException e) {
      log.warn("a block of layer {} could not be looked at", sample.layer(), e);
    } finally {
      busy.set(false);
    }
  }

  private static float[] floats(MemorySegment halves) {
    float[] floats = new float[(int) (halves.byteSize() / Short.BYTES)];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = Float.float16ToFloat(halves.getAtIndex(ValueLayout.JAVA_SHORT, i));
    }
    return floats;
  }

  @Override
  public void close() {
    thread.close();
    keys.close();
    values.close();
    block.close();
    arena.close();
  }
}
