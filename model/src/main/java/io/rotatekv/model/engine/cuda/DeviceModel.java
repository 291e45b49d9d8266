package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.QkvKernel;
import io.rotatekv.kernels.cuda.RopeAngles;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.engine.EngineLimits;
import java.util.ArrayDeque;
import java.util.Deque;

/** What all work of one engine shares on its device: a stream, weights, activations, kernels. */
final class DeviceModel implements AutoCloseable {

  private final Deque<AutoCloseable> owned = new ArrayDeque<>();

  final CudaDevice device;
  final ModelConfig config;
  final CodecContext codec;
  final EngineLimits limits;
  final CudaStream stream;
  final RopeAngles rope;
  final Activations activations;
  final RowKernels kernels;
  final QkvKernel qkv;
  final DecodeInputs inputs;
  final OutputHead head;

  /**
   * Loads kernels and takes memory for activations.
   *
   * @param width the most sequences of a decode step
   */
  DeviceModel(
      CudaDevice device,
      ModelConfig config,
      CodecContext codec,
      EngineLimits limits,
      DeviceWeights weights,
      int width) {
    this.device = device;
    this.config = config;
    this.codec = codec;
    this.limits = limits;
    int rows = Math.max(limits.chunkTokens(), width);
    stream = own(device.stream());
    rope = own(new RopeAngles(device, config.rope().inverseFrequencies(), limits.maxContext()));
    activations = own(new Activations(device, config, rows, width));
    kernels = own(new RowKernels(device, config, weights, activations, stream));
    qkv = own(new QkvKernel(device, config.heads(), config.kvHeads(), rope));
    inputs = own(new DecodeInputs(device, width));
    head = own(new OutputHead(device, config, kernels, activations, stream, width));
  }

  private <T extends AutoCloseable> T own(T part) {
    owned.push(part);
    return part;
  }

  @Override
  public void close() {
    Closing.all(owned);
  }
}
