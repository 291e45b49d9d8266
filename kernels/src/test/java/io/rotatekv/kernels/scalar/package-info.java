/** Tests of the scalar kernels. */
@NullMarked
package io.rotatekv.kernels.scalar;

import org.jspecify.annotations.NullMarked;
