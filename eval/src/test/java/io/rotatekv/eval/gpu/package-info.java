@NullMarked
package io.rotatekv.eval.gpu;

import org.jspecify.annotations.NullMarked;
