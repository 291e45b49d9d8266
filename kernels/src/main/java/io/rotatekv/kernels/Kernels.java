package io.rotatekv.kernels;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.ops.MatMul;
import io.rotatekv.kernels.ops.RmsNorm;
import io.rotatekv.kernels.ops.Rope;
import io.rotatekv.kernels.ops.SwiGlu;
import io.rotatekv.kernels.ops.TileAttention;

/**
 * One CPU backend: {@code scalar} is the specification, {@code simd} the fast one. All kernels but
 * {@link #codec} are stateless. {@link #matMul}, {@link #rmsNorm} and {@link #swiGlu} spread their
 * work over the {@link Team}, so they are not to be called from within one of its bodies; {@link
 * #rope} and {@link #attention} work in the calling thread and may be.
 */
public interface Kernels {

  /** {@code scalar} or {@code simd}. */
  String name();

  MatMul matMul();

  RmsNorm rmsNorm();

  SwiGlu swiGlu();

  Rope rope();

  TileAttention attention();

  /** A new codec instance for one thread. */
  BlockCodec codec(CodecContext context);
}
