/** Tests of the block format. */
@NullMarked
package io.rotatekv.kernels.block;

import org.jspecify.annotations.NullMarked;
