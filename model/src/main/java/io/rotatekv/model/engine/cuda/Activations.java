package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.model.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/** The activations of one batch of rows on the device, allocated once. Shapes are (rows, width). */
final class Activations implements AutoCloseable {

  private final List<DeviceBuffer> buffers = new ArrayList<>();

  final DeviceBuffer hidden; // FP32: the residual stream
  final DeviceBuffer largest; // FP32, (rows): its largest magnitudes at the layer's entry
  final DeviceBuffer normed; // FP16
  final DeviceBuffer qkv; // FP32
  final DeviceBuffer query; // FP32 or FP16, (rows, heads, headDim)
  final DeviceBuffer attention; // FP16, (rows, heads, headDim)
  final DeviceBuffer gateUp; // FP32, (rows, 2 feedForward)
  final DeviceBuffer gated; // FP16, (rows, feedForward)
  final DeviceBuffer logits; // FP32, (logitRows, vocabulary)

  Activations(CudaDevice device, ModelConfig config, int rows, int logitRows) {
    hidden = allocate(device, rows, config.hidden(), Float.BYTES);
    largest = allocate(device, rows, 1, Float.BYTES);
    normed = allocate(device, rows, config.hidden(), Short.BYTES);
    qkv = allocate(device, rows, config.queryDim() + 2 * config.kvDim(), Float.BYTES);
    query = allocate(device, rows, config.queryDim(), Float.BYTES);
    attention = allocate(device, rows, config.queryDim(), Short.BYTES);
    gateUp = allocate(device, rows, 2 * config.feedForward(), Float.BYTES);
    gated = allocate(device, rows, config.feedForward(), Short.BYTES);
    logits = allocate(device, logitRows, config.vocabulary(), Float.BYTES);
  }

  private DeviceBuffer allocate(CudaDevice device, int rows, int width, int elementBytes) {
    DeviceBuffer buffer = device.allocate((long) rows * width * elementBytes);
    buffers.add(buffer);
    return buffer;
  }

  @Override
  public void close() {
    buffers.forEach(DeviceBuffer::close);
  }
}
