package io.rotatekv.model.engine.cpu;

import io.rotatekv.model.ModelConfig;

/** The activations of one batch of rows, allocated once. Shapes are (rows, width). */
final class Workspace {

  final float[] hidden;
  final float[] normed;
  final float[] query;
  final float[] key;
  final float[] value;
  final float[] attention;
  final float[] projected;
  final float[] gate;
  final float[] up;
  final float[] softmax; // (rows, heads, 2): running maximum and sum

  Workspace(ModelConfig config, int rows) {
    int kvDim = config.kvHeads() * config.headDim();
    int queryDim = config.heads() * config.headDim();
    hidden = new float[rows * config.hidden()];
    normed = new float[rows * config.hidden()];
    query = new float[rows * queryDim];
    key = new float[rows * kvDim];
    value = new float[rows * kvDim];
    attention = new float[rows * queryDim];
    projected = new float[rows * config.hidden()];
    gate = new float[rows * config.feedForward()];
    up = new float[rows * config.feedForward()];
    softmax = new float[rows * config.heads() * 2];
  }
}
