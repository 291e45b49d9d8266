package io.rotatekv.kernels.block;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.EncodeCounters;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.SidePlan;
import java.lang.foreign.MemorySegment;
import java.util.stream.Stream;

/** A codec: a {@link TileCoder}'s sections between the header and the sinks. */
public final class FramedCodec implements BlockCodec {

  private final CodecContext context;
  private final TileCoder coder;
  private final BlockLayout layout;
  private final SinkRows sinkRows;
  private final EncodeCounters[] counters; // by layer
  private final EncodeSampler sampler;
  private final int[] keyExponents;
  private final int[] valueExponents;

  /** Frames what {@code coder} codes for {@code context}. */
  public FramedCodec(CodecContext context, TileCoder coder) {
    this.context = context;
    this.coder = coder;
    layout = BlockLayout.of(context.spec(), context.shape());
    sinkRows = new SinkRows(coder, layout, context.shape());
    sampler = new EncodeSampler(this);
    int layers = context.shape().layers();
    counters = Stream.generate(EncodeCounters::new).limit(layers).toArray(EncodeCounters[]::new);
    keyExponents = new int[layers];
    valueExponents = new int[layers];
    if (quantizes()) {
      for (int layer = 0; layer < layers; layer++) {
        keyExponents[layer] = SidePlan.keyExponent(context, layer);
        valueExponents[layer] = SidePlan.valueExponent(context, layer);
      }
    }
  }

  @Override
  public CodecSpec spec() {
    return context.spec();
  }

  @Override
  public KvShape shape() {
    return context.shape();
  }

  @Override
  public boolean rotatesValues(int layer) {
    return coder.rotatesValues();
  }

  @Override
  public int maxBlockBytes() {
    return layout.length(quantizes() ? BLOCK_TOKENS : 0);
  }

  @Override
  public EncodeStats stats(int layer) {
    return counters[layer].snapshot();
  }

  @Override
  public int encode(int layer, float[] keys, float[] values, long sinks, MemorySegment out) {
    requireEncodable("key", layer, keys);
    requireEncodable("value", layer, values);
    // In FP16 every token is kept as it is, so none needs to be kept apart.
    long kept = quantizes() ? sinks : 0;
    BlockHeader header = header(layer, Long.bitCount(kept));
    if (out.byteSize() < header.blockBytes()) {
      throw new IllegalArgumentException(
          "block takes %d bytes, got room for %d".formatted(header.blockBytes(), out.byteSize()));
    }
    EncodeCounters to = counters[layer];
    header.write(out);
    coder.encodeKeys(layer, keys, kept, out, to);
    coder.encodeValues(layer, values, kept, out, to);
    sinkRows.write(keys, values, kept, out, to);
    BlockChecksum.seal(out, header.payloadBytes());
    if (to.blocks() % EncodeSampler.EVERY == 0) {
      to.addSample(sampler.error(layer, keys, values, kept, out));
    }
    count(Long.bitCount(kept), to);
    return header.blockBytes();
  }

  @Override
  public void decodeKeys(MemorySegment block, float[] keys) {
    coder.decodeKeys(BlockHeader.layer(block), block, keys);
    sinkRows.readKeys(block, keys);
  }

  @Override
  public void decodeValues(MemorySegment block, float[] values) {
    coder.decodeValues(BlockHeader.layer(block), block, values);
    sinkRows.readValues(block, values);
  }

  @Override
  public void rotate(int layer, float[] rows, int offset, int count) {
    coder.rotate(rows, offset, count);
  }

  @Override
  public void unrotate(int layer, float[] rows, int offset, int count) {
    coder.unrotate(rows, offset, count);
  }

  private boolean quantizes() {
    return context.spec().family() != CodecFamily.FP16;
  }

  private void count(int sinks, EncodeCounters to) {
    int tokens = BLOCK_TOKENS - sinks;
    to.addBlock(
        sinks,
        quantizes() ? 2L * tokens * shape().kvDim() : 0,
        quantizes() ? 2L * tokens * shape().groups() : 0);
  }

  private BlockHeader header(int layer, int sinks) {
    if (layer < 0 || layer >= shape().layers()) {
      throw new IllegalArgumentException(
          "layer %d of a model with %d layers".formatted(layer, shape().layers()));
    }
    return new BlockHeader(
        spec().family(),
        spec().bits(),
        shape().group(),
        layer,
        shape().kvHeads(),
        shape().headDim(),
        BLOCK_TOKENS,
        sinks,
        quantizes() ? BlockHeader.E4M3_SCALES : BlockHeader.NO_SCALES,
        keyExponents[layer],
        valueExponents[layer],
        context.fingerprint(),
        layout.length(sinks) - BlockHeader.BYTES);
  }

  private void requireEncodable(String what, int layer, float[] rows) {
    int count = BLOCK_TOKENS * shape().kvDim();
    if (rows.length < count) {
      throw new IllegalArgumentException(
          "a block has %d %s elements, got %d".formatted(count, what, rows.length));
    }
    if (coder.encodable(rows, count)) {
      return;
    }
    int bad = 0;
    while (Math.abs(rows[bad]) < TileCoder.MAX_MAGNITUDE) {
      bad++;
    }
    throw new IllegalArgumentException(
        "%s of layer %d, token %d, channel %d is %s, which no codec can hold; the model's state is broken"
            .formatted(what, layer, bad / shape().kvDim(), bad % shape().kvDim(), rows[bad]));
  }
}
