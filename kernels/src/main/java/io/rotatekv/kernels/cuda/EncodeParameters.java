package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.KvShape;

/**
 * Builds the {@code EncodeParams} of {@code detail/encode.cuh}.
 *
 * @param codec one codec for all layers
 * @param feedback address of each layer's {@link FeedbackTables}, zeros where there are none
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record EncodeParameters(
    CodecContext codec, LineTables tables, long[] feedback, EncodeCounts counts) {

  KernelArguments build(int layer, EncodeInput input, int tileTokens) {
    KvShape shape = codec.shape();
    KernelArguments arguments =
        KernelArguments.build()
            .address(input.keys())
            .address(input.values())
            .address(input.maxima())
            .address(input.targets())
            .address(tables.mean(layer))
            .address(tables.turns())
            .address(tables.rank(layer))
            .address(feedback[layer])
            .address(counts.address(layer))
            .int32(input.blocks())
            .int32(shape.kvHeads())
            .int32(shape.headDim())
            .int32(shape.rotationHeads())
            .int32(shape.kvDim())
            .int32(shape.kvDim())
            .int32(codec.spec().bits())
            .int32(tileTokens)
            .float32(codec.layers().get(layer).sinkThreshold())
            .float32(codec.spec().clip());
    BlockParameters parameters = new BlockParameters(codec);
    parameters.scales(layer, arguments);
    parameters.norms(arguments);
    parameters.sections(arguments);
    parameters.header(layer, arguments);
    return arguments;
  }
}
