/** TODO. */
@NullMarked
package io.rotatekv.prefill;

import org.jspecify.annotations.NullMarked;
