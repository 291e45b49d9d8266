@NullMarked
package io.rotatekv.kernels.scalar;

import org.jspecify.annotations.NullMarked;
