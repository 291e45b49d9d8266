/** The operations of a LLaMA-family layer, one interface each. */
@NullMarked
package io.rotatekv.kernels.ops;

import org.jspecify.annotations.NullMarked;
