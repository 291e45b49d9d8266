package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecContext;

/** The encoder of {@code fp16}. */
final class HalvesEncoder implements LayerEncoder {

  private static final int THREADS = 128;

  private final BlockParameters parameters;
  private final int kvDim;
  private final EncodeCounts counts;
  private final CudaModule module;
  private final CudaKernel kernel;

  HalvesEncoder(CudaDevice device, CodecContext codec, EncodeCounts counts) {
    parameters = new BlockParameters(codec);
    kvDim = codec.shape().kvDim();
    this.counts = counts;
    module = device.module("encode_halves");
    kernel = module.kernel("encode_halves");
  }

  @Override
  public void encode(int layer, EncodeInput input, CudaStream stream) {
    KernelArguments arguments =
        KernelArguments.build()
            .address(input.keys())
            .address(input.values())
            .address(input.targets())
            .address(counts.broken(layer))
            .int32(kvDim)
            .int32(kvDim)
            .int32(kvDim);
    parameters.sections(arguments);
    parameters.header(layer, arguments);
    kernel.launch(kvDim / LineTiling.LINE, input.blocks(), 1, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
