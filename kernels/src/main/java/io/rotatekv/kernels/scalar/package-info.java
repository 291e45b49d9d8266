/** Plain Java kernels: the specification that every backend is checked against. */
@NullMarked
package io.rotatekv.kernels.scalar;

import org.jspecify.annotations.NullMarked;
