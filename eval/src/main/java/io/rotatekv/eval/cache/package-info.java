/** What is evaluated: ways of keeping keys and values, and the model that they serve. */
@NullMarked
package io.rotatekv.eval.cache;

import org.jspecify.annotations.NullMarked;
