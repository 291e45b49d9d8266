/** NVIDIA GPUs through the CUDA driver: handles, launches, graphs, and the kernels' launchers. */
@NullMarked
package io.rotatekv.kernels.cuda;

import org.jspecify.annotations.NullMarked;
