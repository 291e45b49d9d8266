/** Weight matrices as they are stored. */
@NullMarked
package io.rotatekv.kernels.tensor;

import org.jspecify.annotations.NullMarked;
