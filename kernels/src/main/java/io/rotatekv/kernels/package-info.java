/** Everything numeric, and the block format. */
@NullMarked
package io.rotatekv.kernels;

import org.jspecify.annotations.NullMarked;
