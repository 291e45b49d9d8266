/** Benchmarks of kernels, run by hand. */
@NullMarked
package io.rotatekv.kernels.bench;

import org.jspecify.annotations.NullMarked;
