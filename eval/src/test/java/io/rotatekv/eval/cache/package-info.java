@NullMarked
package io.rotatekv.eval.cache;

import org.jspecify.annotations.NullMarked;
