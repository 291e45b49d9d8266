@NullMarked
package io.rotatekv.eval.accuracy;

import org.jspecify.annotations.NullMarked;
