/**
 * KV cache quantization methods of the literature, each at the granularity of its own paper. They
 * exist to be compared, not to serve.
 */
@NullMarked
package io.rotatekv.eval.methods;

import org.jspecify.annotations.NullMarked;
