package io.rotatekv.kernels.cuda;

/** What works on the blocks of one codec. */
interface CodecPart extends AutoCloseable {

  @Override
  void close();
}
