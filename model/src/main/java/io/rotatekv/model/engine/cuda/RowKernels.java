package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.cuda.Cublas;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.ElementType;
import io.rotatekv.kernels.cuda.EmbedKernel;
import io.rotatekv.kernels.cuda.MatVecKernel;
import io.rotatekv.kernels.cuda.QkvKernel;
import io.rotatekv.kernels.cuda.RmsNormKernel;
import io.rotatekv.kernels.cuda.StreamedProducts;
import io.rotatekv.kernels.cuda.SwiGluKernel;
import io.rotatekv.model.ModelConfig;
import org.jspecify.annotations.Nullable;

/**
 * The parts of the LLaMA-family decoder (Touvron et al. 2023) that see rows and not sequences: all
 * but attention. Products add to the residual stream themselves.
 */
final class RowKernels implements AutoCloseable {

  private final ModelConfig config;
  private final DeviceWeights weights;
  private final Activations a;
  private final CudaStream stream;
  private final Cublas cublas;
  private final MatVecKernel matVec;
  private final EmbedKernel embed;
  private final RmsNormKernel norm;
  private final SwiGluKernel swiGlu;
  private final @Nullable StreamedProducts streamed;

  RowKernels(
      CudaDevice device,
      ModelConfig config,
      DeviceWeights weights,
      Activations activations,
      CudaStream stream) {
    this.config = config;
    this.weights = weights;
    this.a = activations;
    this.stream = stream;
    cublas = device.cublas();
    matVec = new MatVecKernel(device);
    embed = new EmbedKernel(device);
    norm = new RmsNormKernel(device);
    swiGlu = new SwiGluKernel(device);
    int columns = Math.max(Math.max(config.hidden(), config.queryDim()), config.feedForward());
    streamed = StreamedProducts.open(device, columns).orElse(null);
  }

  /** Fills {@code hidden} from the INT32 {@code tokens}. */
  void embed(long tokens, int rows) {
    embed.embed(weights.embedding(), tokens, rows, config.hidden(), a.hidden.address(), stream);
  }

  /** Normalizes {@code hidden} for attention; its largest magnitudes go to {@code largest}. */
  void enter(int layer, int rows, long largest) {
    normalize(weights.layer(layer).attentionNorm(), rows, largest);
  }

  /** Fills {@code qkv}, without biases. */
  void project(int layer, int rows) {
    int width = config.queryDim() + 2 * config.kvDim();
    multiply(weights.layer(layer).qkv(), width, config.hidden(), a.normed, rows, a.qkv, 0f);
  }

  /**
   * Takes {@code hidden} of new tokens, one of each sequence, to queries, keys and values. Few rows
   * take one launch where the card has kernels for that.
   */
  void project(QkvKernel epilogue, QkvKernel.NewTokens tokens) {
    int layer = tokens.layer();
    StreamedProducts few = streamed(tokens.rows());
    if (few == null) {
      enter(layer, tokens.rows(), a.largest.address());
      project(layer, tokens.rows());
      epilogue.decode(a.qkv.address(), a.largest.address(), tokens, stream);
      return;
    }
    DeviceLayer w = weights.layer(layer);
    few.project(
        w.qkv(),
        a.hidden.address(),
        w.attentionNorm(),
        config.hidden(),
        config.rmsEpsilon(),
        epilogue,
        tokens,
        stream);
  }

  /** Address of the biases that {@code qkv} still lacks; 0 for none. */
  long bias(int layer) {
    return weights.layer(layer).qkvBias();
  }

  /** Takes {@code attention} through its projection and the feed-forward network. */
  void leave(int layer, int rows) {
    DeviceLayer w = weights.layer(layer);
    multiply(w.output(), config.hidden(), config.queryDim(), a.attention, rows, a.hidden, 1f);
    gate(w, rows);
    multiply(w.down(), config.hidden(), config.feedForward(), a.gated, rows, a.hidden, 1f);
  }

  /** Fills {@code gated} from {@code hidden}. */
  private void gate(DeviceLayer w, int rows) {
    int width = config.feedForward();
    StreamedProducts few = streamed(rows);
    if (few == null) {
      normalize(w.feedForwardNorm(), rows, 0);
      multiply(w.gateUp(), 2 * width, config.hidden(), a.normed, rows, a.gateUp, 0f);
      swiGlu.apply(a.gateUp.address(), rows, width, a.gated.address(), stream);
      return;
    }
    few.gateUp(
        w.gateUp(),
        a.hidden.address(),
        w.feedForwardNorm(),
        width,
        config.hidden(),
        rows,
        config.rmsEpsilon(),
        a.gated.address(),
        stream);
  }

  /** Fills {@code normed} from the last layer's output. */
  void finish(int rows) {
    normalize(weights.outputNorm(), rows, 0);
  }

  /** Fills {@code logits} for {@code rows} rows of {@code normed} from {@code first} on. */
  void logits(int first, int rows) {
    long x = a.normed.address() + (long) first * config.hidden() * Short.BYTES;
    long logits = a.logits.address();
    multiply(weights.output(), config.vocabulary(), config.hidden(), x, rows, logits, 0f);
  }

  private void normalize(long weight, int rows, long largest) {
    norm.normalize(
        a.hidden.address(),
        weight,
        rows,
        config.hidden(),
        config.rmsEpsilon(),
        a.normed.address(),
        largest,
        stream);
  }

  private void multiply(
      long w, int rows, int columns, DeviceBuffer x, int n, DeviceBuffer y, float beta) {
    multiply(w, rows, columns, x.address(), n, y.address(), beta);
  }

  /** {@code y = x w^T + beta y} in FP32, of an FP16 matrix {@code (rows, columns)}. */
  private void multiply(long w, int rows, int columns, long x, int n, long y, float beta) {
    StreamedProducts few = streamed(n);
    if (few != null && rows % 2 == 0) {
      few.product(w, rows, columns, x, n, y, beta, stream);
    } else if (n <= MatVecKernel.MAX_ROWS) {
      matVec.multiply(w, rows, columns, x, n, y, beta, stream);
    } else {
      cublas.multiply(w, rows, columns, x, n, y, ElementType.FP32, beta, stream);
    }
  }

  /** The kernels for so few rows, if the card has any. */
  private @Nullable StreamedProducts streamed(int rows) {
    return streamed != null && rows <= streamed.maxRows() ? streamed : null;
  }

  @Override
  public void close() {
    embed.close();
    norm.close();
    swiGlu.close();
    if (streamed != null) {
      streamed.close();
    }
    matVec.close();
    cublas.close();
  }
}
