package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import io.rotatekv.kernels.block.BlockLayout;
import io.rotatekv.kernels.block.ScaleSections;
import io.rotatekv.kernels.block.TileCoder;
import io.rotatekv.kernels.codec.CodePatch;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.EncodeCounters;
import io.rotatekv.kernels.codec.GroupQuantizer;
import io.rotatekv.kernels.codec.GroupScales;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.SidePlan;
import io.rotatekv.kernels.scalar.LazyFeedback;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The sections of the codecs that rotate and quantize, in strips of as many tokens as a vector has
 * lanes, so that a strip of one rotation stays in the first-level cache through all passes.
 */
final class QuantizedTiles implements TileCoder {

  private final KvShape shape;
  private final BlockLayout layout;
  private final GroupQuantizer quantizer;
  private final StripFitter fitter;
  private final @Nullable StripScaleSearch search; // null: scales stay as fitted
  private final boolean hasZeros;
  private final int blank;
  private final @Nullable StripTurn turn; // null: keys stay as they are before RoPE
  private final LayerSide[] keySides;
  private final LayerSide[] valueSides;
  private final KeyFields keyFields;
  private final ValueFields valueFields;
  private final LazyFeedback feedback;
  private final ScaleSections sections;
  private final GroupScales scales;
  private final Hadamard keyRotation;
  private final Hadamard valueRotation;
  private final io.rotatekv.kernels.scalar.Hadamard rowRotation;
  private final float keyNorm;
  private final float[] strip;
  private final float[] min;
  private final float[] max;

  /** One side of one layer: its plan, and the channels of each group. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record LayerSide(SidePlan plan, int[][] members) {}

  QuantizedTiles(CodecContext context) {
    shape = context.shape();
    layout = BlockLayout.of(context.spec(), shape);
    quantizer = GroupQuantizer.of(context.spec());
    fitter = new StripFitter(context.spec());
    boolean shaped = context.spec().family() == CodecFamily.SHAPED;
    search = shaped ? new StripScaleSearch(quantizer.top()) : null;
    turn = context.spec().family().centred() ? new StripTurn(context) : null;
    hasZeros = context.spec().family() == CodecFamily.ROTATEKV;
    blank = CodePatch.blank(context.spec().bits());
    keyFields = new KeyFields(shape, context.spec().bits());
    valueFields = new ValueFields(shape, context.spec().bits());
    feedback = new LazyFeedback(context);
    sections = new ScaleSections(shape);
    scales = new GroupScales(shape.groups());
    keyRotation = new Hadamard(shape.rotationOrder());
    valueRotation = new Hadamard(shape.headDim());
    rowRotation = io.rotatekv.kernels.scalar.Hadamard.of(shape.headDim());
    keyNorm = io.rotatekv.kernels.scalar.Hadamard.of(shape.rotationOrder()).norm();
    strip = new float[shape.kvDim() * LANES];
    min = new float[shape.groups() * LANES];
    max = new float[shape.groups() * LANES];
    keySides = new LayerSide[shape.layers()];
    valueSides = new LayerSide[shape.layers()];
    for (int layer = 0; layer < shape.layers(); layer++) {
      keySides[layer] = side(SidePlan.keys(context, layer));
      valueSides[layer] = side(SidePlan.values(context, layer));
    }
  }

  @Override
  public boolean encodable(float[] rows, int count) {
    return Magnitude.allBelow(rows, count);
  }

  @Override
  public void encodeKeys(
      int layer, float[] rows, long sinks, MemorySegment block, EncodeCounters counters) {
    LayerSide side = keySides[layer];
    int clipped = 0;
    for (int token = 0; token < BLOCK_TOKENS; token += LANES) {
      Strips.load(rows, token, shape.kvDim(), strip);
      if (turn != null) {
        turn.apply(layer, token, strip);
      }
      rotate(keyRotation);
      float norm = normalize(keyNorm);
      fit(side, norm, token, sinks, counters);
      refine(side.plan, token);
      if (search != null) {
        StripFeedback.apply(
            feedback.of(layer), strip, shape.group(), token, quantizer.top(), scales);
      }
      clipped += keyFields.quantize(strip, norm, side.plan.group(), token, quantizer.top(), scales);
    }
    counters.addClippedCodes(clipped);
    keyFields.write(block, layout.keyCodes());
    sections.write(scales, block, layout.keyScales(), zerosAt(layout.keyZeros()));
  }

  @Override
  public void encodeValues(
      int layer, float[] rows, long sinks, MemorySegment block, EncodeCounters counters) {
    LayerSide side = valueSides[layer];
    int clipped = 0;
    for (int token = 0; token < BLOCK_TOKENS; token += LANES) {
      Strips.load(rows, token, shape.kvDim(), strip);
      rotate(valueRotation);
      float norm = normalize(rowRotation.norm());
      fit(side, norm, token, sinks, counters);
      refine(side.plan, token);
      clipped +=
          valueFields.quantize(strip, norm, side.plan.group(), token, quantizer.top(), scales);
    }
    counters.addClippedCodes(clipped);
    valueFields.write(block, layout.valueCodes());
    sections.write(scales, block, layout.valueScales(), zerosAt(layout.valueZeros()));
  }

  @Override
  public void decodeKeys(int layer, MemorySegment block, float[] to) {
    LayerSide side = keySides[layer];
    readScales(block, layout.keyScales(), layout.keyZeros(), side, keyNorm);
    keyFields.read(block, layout.keyCodes());
    int order = shape.rotationOrder();
    for (int first = 0; first < shape.kvDim(); first += order) {
      for (int token = 0; token < BLOCK_TOKENS; token += LANES) {
        keyFields.dequantize(first, side.plan.group(), token, scales, strip);
        keyRotation.inverseUnscaled(strip, 0, to, first * BLOCK_TOKENS + token, BLOCK_TOKENS);
      }
      if (turn != null) {
        turn.undo(layer, first, order, to);
      }
    }
  }

  @Override
  public void decodeValues(int layer, MemorySegment block, float[] to) {
    readScales(block, layout.valueScales(), layout.valueZeros(), valueSides[layer], 1f);
    valueFields.read(block, layout.valueCodes());
    valueFields.dequantize(scales, to);
  }

  @Override
  public boolean rotatesValues() {
    return true;
  }

  @Override
  public void rotate(float[] rows, int offset, int count) {
    for (int i = 0; i < count; i++) {
      rowRotation.forward(rows, offset + i * shape.headDim());
    }
  }

  @Override
  public void unrotate(float[] rows, int offset, int count) {
    rotate(rows, offset, count);
  }

  private LayerSide side(SidePlan plan) {
    int[][] members = new int[shape.groups()][];
    for (int group = 0; group < members.length; group++) {
      int wanted = group;
      members[group] =
          IntStream.range(0, shape.kvDim()).filter(c -> plan.group()[c] == wanted).toArray();
    }
    return new LayerSide(plan, members);
  }

  private void rotate(Hadamard rotation) {
    for (int start = 0; start < strip.length; start += rotation.order() * LANES) {
      rotation.forwardUnscaled(strip, start);
    }
  }

  /** Replaces fitted scales by those that {@link CodecFamily#SHAPED} searches. */
  private void refine(SidePlan plan, int token) {
    if (search == null) {
      return;
    }
    int size = shape.group();
    for (int group = 0; group < shape.groups(); group++) {
      int index = group * BLOCK_TOKENS + token;
      search.refine(strip, group * size, size, plan.multiplier(), scales, index);
    }
  }

  /**
   * Multiplies by the norm where feedback needs it; returns the norm that the strip still lacks.
   */
  private float normalize(float norm) {
    if (search == null) {
      return norm;
    }
    StripRanges.normalize(strip, norm);
    return 1f;
  }

  private void fit(LayerSide side, float norm, int token, long sinks, EncodeCounters counters) {
    float multiplier = side.plan.multiplier();
    for (int group = 0; group < side.members.length; group++) {
      StripRanges.find(strip, norm, side.members[group], min, max, group * LANES);
      int index = group * BLOCK_TOKENS + token;
      boolean fitted = fitter.fit(min, max, group * LANES, multiplier, scales, index);
      for (int lane = 0; lane < LANES; lane++) {
        int from = group * LANES + lane;
        if ((sinks >>> (token + lane) & 1) != 0) {
          scales.skip(index + lane, blank);
        } else if (!fitted) {
          quantizer.fit(min[from], max[from], multiplier, scales, index + lane, counters);
        }
      }
    }
  }

  private void readScales(
      MemorySegment block, int scalesAt, int zerosAt, LayerSide side, float norm) {
    sections.read(
        block, scalesAt, zerosAt(zerosAt), quantizer, side.plan.multiplier(), norm, scales);
  }

  private int zerosAt(int offset) {
    return hasZeros ? offset : -1;
  }
}
