package io.rotatekv.kernels.simd;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.ops.MatMul;
import io.rotatekv.kernels.ops.RmsNorm;
import io.rotatekv.kernels.ops.Rope;
import io.rotatekv.kernels.ops.SwiGlu;
import io.rotatekv.kernels.ops.TileAttention;
import jdk.incubator.vector.FloatVector;

/** The backend {@code simd}: the Vector API. */
public final class SimdKernels implements Kernels {

  private final MatMul matMul;
  private final RmsNorm rmsNorm;
  private final SwiGlu swiGlu;
  private final Rope rope = new RopeKernel();
  private final TileAttention attention = new TileAttentionKernel();

  /** Bits of this machine's vectors; the kernels need at least 256. */
  public static int vectorBits() {
    return FloatVector.SPECIES_PREFERRED.vectorBitSize();
  }

  /** Kernels whose large loops run on {@code team}. */
  public SimdKernels(Team team) {
    matMul = new MatMulKernel(team);
    rmsNorm = new RmsNormKernel(team);
    swiGlu = new SwiGluKernel(team);
  }

  @Override
  public String name() {
    return "simd";
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
    return SimdCodecs.create(context);
  }
}
