/** How an evaluation runs: item by item, in parallel, remembered, and reported as rows. */
@NullMarked
package io.rotatekv.eval.run;

import org.jspecify.annotations.NullMarked;
