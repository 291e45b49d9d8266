package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.ops.MatMul;
import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.model.LayerWeights;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelWeights;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A model's weights in the device's memory, matrices in FP16 whatever they are stored as. */
final class DeviceWeights implements AutoCloseable {

  private final DeviceBuffer buffer;
  private final long embedding;
  private final List<DeviceLayer> layers;
  private final long outputNorm;
  private final long output;

  private DeviceWeights(
      DeviceBuffer buffer, long embedding, List<DeviceLayer> layers, long outputNorm, long output) {
    this.buffer = buffer;
    this.embedding = embedding;
    this.layers = List.copyOf(layers);
    this.outputNorm = outputNorm;
    this.output = output;
  }

  /**
   * Copies all weights.
   *
   * @param rows unpacks rows of matrices
   * @param team the threads to unpack on
   */
  static DeviceWeights upload(
      CudaDevice device, ModelConfig config, ModelWeights weights, MatMul rows, Team team) {
    DeviceBuffer buffer = device.allocate(bytes(config, weights));
    try (WeightUpload upload = new WeightUpload(device, buffer, rows, team)) {
      long embedding = upload.matrices(List.of(weights.embedding()));
      boolean tied = weights.output().equals(weights.embedding());
      long output = tied ? embedding : upload.matrices(List.of(weights.output()));
      long outputNorm = upload.vector(weights.outputNorm());
      List<DeviceLayer> layers = new ArrayList<>();
      for (LayerWeights layer : weights.layers()) {
        layers.add(layer(upload, config, layer));
      }
      upload.finish();
      return new DeviceWeights(buffer, embedding, layers, outputNorm, output);
    } catch (RuntimeException e) {
      buffer.close();
      throw e;
    }
  }

  private static DeviceLayer layer(WeightUpload upload, ModelConfig config, LayerWeights layer) {
    return new DeviceLayer(
        upload.vector(layer.attentionNorm()),
        upload.matrices(List.of(layer.query(), layer.key(), layer.value())),
        bias(upload, config, layer),
        upload.matrices(List.of(layer.output())),
        upload.vector(layer.feedForwardNorm()),
        upload.matrices(List.of(layer.gate(), layer.up())),
        upload.matrices(List.of(layer.down())));
  }

  /** The three biases, one after the other, as the three matrices are; 0 where there is none. */
  private static long bias(WeightUpload upload, ModelConfig config, LayerWeights layer) {
    if (layer.queryBias() == null && layer.keyBias() == null && layer.valueBias() == null) {
      return 0;
    }
    float[] all = new float[config.queryDim() + 2 * config.kvDim()];
    copy(layer.queryBias(), all, 0);
    copy(layer.keyBias(), all, config.queryDim());
    copy(layer.valueBias(), all, config.queryDim() + config.kvDim());
    return upload.vector(all);
  }

  private static void copy(float @Nullable [] bias, float[] to, int at) {
    if (bias != null) {
      System.arraycopy(bias, 0, to, at, bias.length);
    }
  }

  private static long bytes(ModelConfig config, ModelWeights weights) {
    long bytes = WeightUpload.bytes(weights.embedding()) + WeightUpload.bytes(weights.output());
    bytes += WeightUpload.bytes(config.hidden());
    for (LayerWeights layer : weights.layers()) {
      for (Matrix matrix : matrices(layer)) {
        bytes += WeightUpload.bytes(matrix);
      }
      bytes += 2 * WeightUpload.bytes(config.hidden());
      bytes += WeightUpload.bytes(config.queryDim() + 2 * config.kvDim());
    }
    return bytes;
  }

  private static List<Matrix> matrices(LayerWeights layer) {
    return List.of(
        layer.query(),
        layer.key(),
        layer.value(),
        layer.output(),
        layer.gate(),
        layer.up(),
        layer.down());
  }

  /** FP16, {@code (vocabulary, hidden)}. */
  long embedding() {
    return embedding;
  }

  DeviceLayer layer(int layer) {
    return layers.get(layer);
  }

  /** FP32, {@code (hidden)}. */
  long outputNorm() {
    return outputNorm;
  }

  /** FP16, {@code (vocabulary, hidden)}. */
  long output() {
    return output;
  }

  /** Bytes of the device that the weights take. */
  long bytes() {
    return buffer.bytes();
  }

  @Override
  public void close() {
    buffer.close();
  }
}
