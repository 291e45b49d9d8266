@NullMarked
package io.rotatekv.eval.methods;

import org.jspecify.annotations.NullMarked;
