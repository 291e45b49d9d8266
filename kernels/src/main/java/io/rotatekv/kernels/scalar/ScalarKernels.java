package io.rotatekv.kernels.scalar;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.ops.MatMul;
import io.rotatekv.kernels.ops.RmsNorm;
import io.rotatekv.kernels.ops.Rope;
import io.rotatekv.kernels.ops.SwiGlu;
import io.rotatekv.kernels.ops.TileAttention;

/** The backend {@code scalar}: plain Java, the specification. */
public final class ScalarKernels implements Kernels {

  private final MatMul matMul;
  private final RmsNorm rmsNorm = new RmsNormKernel();
  private final SwiGlu swiGlu = new SwiGluKernel();
  private final Rope rope = new RopeKernel();
  private final TileAttention attention = new TileAttentionKernel();

  /** Kernels whose large loops run on {@code team}. */
  public ScalarKernels(Team team) {
    matMul = new MatMulKernel(team);
  }

  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public MatMul matMul() {
    return matMul;
  }

  @Override
  public RmsNorm rmsNorm() {
    return rmsNorm;
  }

  @Override
  public SwiGlu swiGlu() {
    return swiGlu;
  }

  @Override
  public Rope rope() {
    return rope;
  }

  @Override
  public TileAttention attention() {
    return attention;
  }

  @Override
  public BlockCodec codec(CodecContext context) {
    return ScalarCodecs.create(context);
  }
}
