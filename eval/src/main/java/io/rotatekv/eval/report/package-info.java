/** One self-contained page out of the rows of evaluations. */
@NullMarked
package io.rotatekv.eval.report;

import org.jspecify.annotations.NullMarked;
