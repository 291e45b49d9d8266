/** What a codec costs: perplexity, and the speed of this machine. */
@NullMarked
package io.rotatekv.eval;

import org.jspecify.annotations.NullMarked;
