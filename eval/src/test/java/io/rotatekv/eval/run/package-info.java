@NullMarked
package io.rotatekv.eval.run;

import org.jspecify.annotations.NullMarked;
