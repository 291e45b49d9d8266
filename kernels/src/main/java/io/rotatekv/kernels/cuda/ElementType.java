package io.rotatekv.kernels.cuda;

/** How the elements of an activation matrix are stored on the device. */
public enum ElementType {
  FP16,
  FP32
}
