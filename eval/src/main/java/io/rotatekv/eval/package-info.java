/** TODO. */
@NullMarked
package io.rotatekv.eval;

import org.jspecify.annotations.NullMarked;
