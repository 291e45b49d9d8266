@NullMarked
package io.rotatekv.kernels.simd;

import org.jspecify.annotations.NullMarked;
