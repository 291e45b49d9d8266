/** The block: its header, its sections, and the chain of content addresses. */
@NullMarked
package io.rotatekv.kernels.block;

import org.jspecify.annotations.NullMarked;
