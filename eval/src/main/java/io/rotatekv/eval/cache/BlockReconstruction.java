package io.rotatekv.eval.cache;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.LayerWindow;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Encodes a layer's whole blocks and decodes them again; the unfilled last one stays exact. */
public final class BlockReconstruction implements Reconstruction {

  private final BlockCodec codec;
  private final CodecContext context;
  private final MemorySegment block;
  private final float[] channelMajor;
  private Losses losses = Losses.NONE;

  /** Blocks of {@code codec}, made for {@code context}. For one thread. */
  public BlockReconstruction(BlockCodec codec, CodecContext context) {
    this.codec = codec;
    this.context = context;
    this.block = Arena.ofAuto().allocate(codec.maxBlockBytes(), Long.SIZE);
    this.channelMajor = new float[BLOCK_TOKENS * context.shape().kvDim()];
  }

  @Override
  public StoredLayer store(LayerWindow window) {
    EncodeStats before = codec.stats();
    float[] keys = window.keys().clone();
    float[] values = window.values().clone();
    long bits = 0;
    long sinks = 0;
    int whole = window.tokens() / BLOCK_TOKENS * BLOCK_TOKENS;
    for (int first = 0; first < whole; first += BLOCK_TOKENS) {
      long marked = sinks(window, first);
      bits += (long) Byte.SIZE * roundTrip(window.layer(), keys, values, first, marked);
      sinks += Long.bitCount(marked);
    }
    long tail = 2L * (window.tokens() - whole) * context.shape().kvDim() * Short.SIZE;
    losses = difference(before, codec.stats(), sinks);
    return new StoredLayer(window.rotated(keys), values, StoredLayer.Recent.NONE, bits + tail);
  }

  private long sinks(LayerWindow window, int first) {
    if (context.layers().isEmpty()) {
      return 0;
    }
    float threshold = context.layers().get(window.layer()).sinkThreshold();
    long marked = 0;
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      marked |= window.peaks()[first + token] > threshold ? 1L << token : 0;
    }
    return marked;
  }

  private int roundTrip(int layer, float[] keys, float[] values, int first, long sinks) {
    KvShape shape = context.shape();
    int width = shape.kvDim();
    int from = first * width;
    int to = from + BLOCK_TOKENS * width;
    float[] blockValues = Arrays.copyOfRange(values, from, to);
    int length = codec.encode(layer, Arrays.copyOfRange(keys, from, to), blockValues, sinks, block);
    MemorySegment encoded = block.asSlice(0, length);
    codec.decodeKeys(encoded, channelMajor);
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      for (int channel = 0; channel < width; channel++) {
        keys[from + token * width + channel] = channelMajor[channel * BLOCK_TOKENS + token];
      }
    }
    codec.decodeValues(encoded, blockValues);
    codec.unrotate(layer, blockValues, 0, BLOCK_TOKENS * shape.kvHeads());
    System.arraycopy(blockValues, 0, values, from, blockValues.length);
    return length;
  }

  private static Losses difference(EncodeStats before, EncodeStats after, long sinks) {
    return new Losses(
        after.codes() - before.codes(),
        after.clippedCodes() - before.clippedCodes(),
        after.saturatedZeros() - before.saturatedZeros(),
        sinks);
  }

  @Override
  public Losses losses() {
    return losses;
  }
}
