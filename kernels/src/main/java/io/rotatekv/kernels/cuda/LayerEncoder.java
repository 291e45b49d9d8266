package io.rotatekv.kernels.cuda;

/** Encodes blocks with one codec. */
interface LayerEncoder extends CodecPart {

  /** Queues the encoding of blocks of one layer. */
  void encode(int layer, EncodeInput input, CudaStream stream);
}
