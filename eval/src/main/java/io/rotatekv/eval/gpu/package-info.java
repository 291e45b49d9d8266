/** Benchmarks of the GPU's kernels and of the model on it. */
@NullMarked
package io.rotatekv.eval.gpu;

import org.jspecify.annotations.NullMarked;
