package io.rotatekv.model.engine.cpu;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.KvShape;

/**
 * One block as attention reads it.
 *
 * @param keys keys after RoPE, channel-major: {@code (kvDim, 64)}
 * @param values values in the codec's basis: {@code (64, kvDim)}
 */
record KvTile(float[] keys, float[] values) {

  static KvTile allocate(KvShape shape) {
    int size = shape.kvDim() * BlockCodec.BLOCK_TOKENS;
    return new KvTile(new float[size], new float[size]);
  }

  KvTile copy() {
    return new KvTile(keys.clone(), values.clone());
  }
}
