package io.rotatekv.kernels.scalar;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.ErrorFeedback;
import io.rotatekv.kernels.codec.KvShape;

/**
 * The weights with which rotated key channels make up for each other's errors (GPTQ, Frantar et al.
 * 2023): with {@code H = Q C Q^T}, Q the rotation of a chunk and C what queries make of an error of
 * a turned key (see {@link PlaceAverage}), and the upper triangular U of {@code H^-1 = U^T U},
 * weight {@code ij} is {@code U_ij / U_ii}. In FP64 with correctly rounded operations only, so that
 * every node has the same.
 */
public final class FeedbackWeights {

  /** What is added to the diagonal of H, relative to its mean, so that no direction is free. */
  private static final double DAMPING = 0.01;

  private FeedbackWeights() {}

  /** The feedback of a layer's keys; its spans are the chunks of the rotation. */
  public static ErrorFeedback ofKeys(CodecContext context, int layer) {
    KvShape shape = context.shape();
    int order = shape.rotationOrder();
    float[] importance = context.layers().get(layer).keyImportance();
    float[][] weights = new float[shape.kvDim() / order][];
    for (int chunk = 0; chunk < weights.length; chunk++) {
      double[][] h = rotated(importance, chunk * shape.rotationHeads(), context);
      damp(h);
      weights[chunk] = weights(invert(factor(h)));
    }
    return new ErrorFeedback(order, weights);
  }

  /** {@code Q C Q^T} of the heads from {@code firstHead} on. */
  private static double[][] rotated(float[] importance, int firstHead, CodecContext context) {
    KvShape shape = context.shape();
    int d = shape.headDim();
    int order = shape.rotationOrder();
    int perHead = d * (d + 1) / 2;
    Hadamard rotation = Hadamard.of(order);
    float[][] half = new float[order][order]; // C Q^T: C is symmetric, so its rows are rotated
    for (int head = 0; head < shape.rotationHeads(); head++) {
      double[][] ofHead = PlaceAverage.of(importance, (firstHead + head) * perHead, context.rope());
      for (int i = 0; i < d; i++) {
        for (int j = 0; j < d; j++) {
          half[head * d + i][head * d + j] = (float) ofHead[i][j];
        }
      }
    }
    for (float[] row : half) {
      rotation.forward(row, 0);
    }
    double[][] h = new double[order][order];
    float[] column = new float[order];
    for (int j = 0; j < order; j++) {
      for (int i = 0; i < order; i++) {
        column[i] = half[i][j];
      }
      rotation.forward(column, 0);
      for (int i = 0; i < order; i++) {
        h[i][j] = column[i];
      }
    }
    return h;
  }

  private static void damp(double[][] h) {
    double trace = 0;
    for (int i = 0; i < h.length; i++) {
      trace += h[i][i];
    }
    double damping = trace > 0 ? DAMPING * trace / h.length : 1;
    for (int i = 0; i < h.length; i++) {
      h[i][i] += damping;
    }
  }

  /** The upper triangular R of {@code H = R R^T}. */
  private static double[][] factor(double[][] h) {
    int n = h.length;
    double[][] r = new double[n][n];
    for (int j = n - 1; j >= 0; j--) {
      for (int i = j; i >= 0; i--) {
        double sum = (h[i][j] + h[j][i]) / 2;
        for (int k = j + 1; k < n; k++) {
          sum -= r[i][k] * r[j][k];
        }
        r[i][j] = i < j ? sum / r[j][j] : Math.sqrt(requirePositive(sum));
      }
    }
    return r;
  }

  private static double requirePositive(double pivot) {
    if (!(pivot > 0 && pivot < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "the calibration's importance of keys is no covariance; run 'rotatekv calibrate'");
    }
    return pivot;
  }

  private static double[][] invert(double[][] r) {
    int n = r.length;
    double[][] u = new double[n][n];
    for (int i = n - 1; i >= 0; i--) {
      u[i][i] = 1 / r[i][i];
      for (int k = i + 1; k < n; k++) {
        double factor = r[i][k] * u[i][i];
        for (int j = k; j < n; j++) {
          u[i][j] -= factor * u[k][j];
        }
      }
    }
    return u;
  }

  private static float[] weights(double[][] u) {
    int n = u.length;
    float[] weights = new float[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = i + 1; j < n; j++) {
        weights[i * n + j] = (float) (u[i][j] / u[i][i]);
      }
    }
    return weights;
  }
}
