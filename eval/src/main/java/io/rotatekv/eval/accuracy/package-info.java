/** What a cache costs in accuracy: the measures, each over any {@code CacheUnderTest}. */
@NullMarked
package io.rotatekv.eval.accuracy;

import org.jspecify.annotations.NullMarked;
