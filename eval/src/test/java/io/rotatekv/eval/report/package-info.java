@NullMarked
package io.rotatekv.eval.report;

import org.jspecify.annotations.NullMarked;
