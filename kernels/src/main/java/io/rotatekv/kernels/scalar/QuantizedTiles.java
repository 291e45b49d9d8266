package io.rotatekv.kernels.scalar;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

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
import io.rotatekv.kernels.codec.ScaleSearch;
import io.rotatekv.kernels.codec.SidePlan;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The sections of the codecs that rotate and quantize, one token at a time: the specification.
 *
 * <p>Encoding a token of one side: centre and turn keys where the codec does, rotate, find each
 * group's smallest and largest element, fit its scale and zero point, quantize. Decoding:
 * dequantize, with the norm of the rotation folded into the scale; of keys rotate back and undo the
 * turn.
 */
final class QuantizedTiles implements TileCoder {

  private final KvShape shape;
  private final BlockLayout layout;
  private final GroupQuantizer quantizer;
  private final boolean hasZeros;
  private final boolean shaped;
  private final int blank;
  private final Side keys;
  private final Side values;
  private final ScaleSections sections;
  private final GroupScales scales;
  private final float[] row;
  private final float[] min;
  private final float[] max;

  /**
   * One of keys and values: its turn before the rotation, its rotation, its field order, its plan
   * by layer and its feedback.
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Side(
      @Nullable KeyTurn turn,
      Hadamard rotation,
      CodeFields fields,
      SidePlan[] plans,
      @Nullable LazyFeedback feedback) {}

  QuantizedTiles(CodecContext context) {
    shape = context.shape();
    layout = BlockLayout.of(context.spec(), shape);
    quantizer = GroupQuantizer.of(context.spec());
    hasZeros = context.spec().family() == CodecFamily.ROTATEKV;
    shaped = context.spec().family() == CodecFamily.SHAPED;
    int bits = context.spec().bits();
    blank = CodePatch.blank(bits);
    SidePlan[] keyPlans = new SidePlan[shape.layers()];
    SidePlan[] valuePlans = new SidePlan[shape.layers()];
    for (int layer = 0; layer < shape.layers(); layer++) {
      keyPlans[layer] = SidePlan.keys(context, layer);
      valuePlans[layer] = SidePlan.values(context, layer);
    }
    keys =
        new Side(
            context.spec().family().centred() ? new KeyTurn(context) : null,
            Hadamard.of(shape.rotationOrder()),
            CodeFields.ofKeys(shape, bits),
            keyPlans,
            shaped ? new LazyFeedback(context) : null);
    values =
        new Side(
            null, Hadamard.of(shape.headDim()), CodeFields.ofValues(shape, bits), valuePlans, null);
    sections = new ScaleSections(shape);
    scales = new GroupScales(shape.groups());
    row = new float[shape.kvDim()];
    min = new float[shape.groups()];
    max = new float[shape.groups()];
  }

  @Override
  public boolean encodable(float[] rows, int count) {
    return Magnitude.allBelow(rows, count);
  }

  @Override
  public void encodeKeys(
      int layer, float[] rows, long sinks, MemorySegment block, EncodeCounters counters) {
    encode(keys, layer, rows, sinks, block, layout.keyCodes(), counters);
    sections.write(scales, block, layout.keyScales(), zerosAt(layout.keyZeros()));
  }

  @Override
  public void encodeValues(
      int layer, float[] rows, long sinks, MemorySegment block, EncodeCounters counters) {
    encode(values, layer, rows, sinks, block, layout.valueCodes(), counters);
    sections.write(scales, block, layout.valueScales(), zerosAt(layout.valueZeros()));
  }

  @Override
  public void decodeKeys(int layer, MemorySegment block, float[] to) {
    SidePlan plan = keys.plans[layer];
    float norm = keys.rotation.norm();
    readScales(block, layout.keyScales(), layout.keyZeros(), plan, norm);
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      dequantize(keys, plan, block, layout.keyCodes(), token);
      for (int start = 0; start < row.length; start += keys.rotation.order()) {
        keys.rotation.inverseUnscaled(row, start);
      }
      if (keys.turn != null) {
        keys.turn.undo(layer, token, row);
      }
      for (int channel = 0; channel < row.length; channel++) {
        to[channel * BLOCK_TOKENS + token] = row[channel];
      }
    }
  }

  @Override
  public void decodeValues(int layer, MemorySegment block, float[] to) {
    SidePlan plan = values.plans[layer];
    readScales(block, layout.valueScales(), layout.valueZeros(), plan, 1f);
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      dequantize(values, plan, block, layout.valueCodes(), token);
      System.arraycopy(row, 0, to, token * row.length, row.length);
    }
  }

  @Override
  public boolean rotatesValues() {
    return true;
  }

  @Override
  public void rotate(float[] rows, int offset, int count) {
    for (int i = 0; i < count; i++) {
      values.rotation.forward(rows, offset + i * shape.headDim());
    }
  }

  /** The value rotation is symmetric, so it is its own inverse. */
  @Override
  public void unrotate(float[] rows, int offset, int count) {
    rotate(rows, offset, count);
  }

  private void encode(
      Side side,
      int layer,
      float[] rows,
      long sinks,
      MemorySegment block,
      int codesAt,
      EncodeCounters counters) {
    SidePlan plan = side.plans[layer];
    block.asSlice(codesAt, layout.codeBytes()).fill((byte) 0);
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      System.arraycopy(rows, token * row.length, row, 0, row.length);
      if (side.turn != null) {
        side.turn.apply(layer, token, row);
      }
      for (int start = 0; start < row.length; start += side.rotation.order()) {
        side.rotation.forward(row, start);
      }
      findRanges(plan.group());
      boolean sink = (sinks >>> token & 1) != 0;
      for (int group = 0; group < min.length; group++) {
        int index = group * BLOCK_TOKENS + token;
        if (sink) {
          scales.skip(index, blank);
        } else {
          quantizer.fit(min[group], max[group], plan.multiplier(), scales, index, counters);
        }
      }
      if (!sink) {
        if (shaped) {
          shape(side, layer, token);
        }
        quantize(side.fields, plan.group(), block, codesAt, token, counters);
      }
    }
  }

  /** What {@link CodecFamily#SHAPED} does between fitting and rounding. */
  private void shape(Side side, int layer, int token) {
    SidePlan plan = side.plans[layer];
    int size = shape.group();
    for (int group = 0; group < shape.groups(); group++) {
      int index = group * BLOCK_TOKENS + token;
      ScaleSearch.refine(
          row, group * size, size, quantizer.top(), plan.multiplier(), scales, index);
    }
    if (side.feedback != null) {
      side.feedback.of(layer).apply(row, size, token, quantizer.top(), scales);
    }
  }

  private void findRanges(int[] group) {
    Arrays.fill(min, Float.POSITIVE_INFINITY);
    Arrays.fill(max, Float.NEGATIVE_INFINITY);
    for (int channel = 0; channel < row.length; channel++) {
      min[group[channel]] = Math.min(min[group[channel]], row[channel]);
      max[group[channel]] = Math.max(max[group[channel]], row[channel]);
    }
  }

  private void quantize(
      CodeFields fields,
      int[] group,
      MemorySegment block,
      int codesAt,
      int token,
      EncodeCounters counters) {
    float top = quantizer.top();
    int clipped = 0;
    for (int channel = 0; channel < row.length; channel++) {
      int index = group[channel] * BLOCK_TOKENS + token;
      float level = row[channel] * scales.factors[index] + scales.offsets[index];
      float rounded = (float) Math.rint(level);
      float code = Math.max(0f, Math.min(top, rounded));
      clipped += code == rounded ? 0 : 1;
      fields.set(block, codesAt, token, channel, (int) code);
    }
    counters.addClippedCodes(clipped);
  }

  private void dequantize(Side side, SidePlan plan, MemorySegment block, int codesAt, int token) {
    for (int channel = 0; channel < row.length; channel++) {
      int index = plan.group()[channel] * BLOCK_TOKENS + token;
      int code = side.fields.get(block, codesAt, token, channel);
      row[channel] = (code - scales.offsets[index]) * scales.factors[index];
    }
  }

  private void readScales(
      MemorySegment block, int scalesAt, int zerosAt, SidePlan plan, float norm) {
    sections.read(block, scalesAt, zerosAt(zerosAt), quantizer, plan.multiplier(), norm, scales);
  }

  private int zerosAt(int offset) {
    return hasZeros ? offset : -1;
  }
}
