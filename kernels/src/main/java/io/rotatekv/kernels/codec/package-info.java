/** KV codecs: what turns keys and values into blocks. */
@NullMarked
package io.rotatekv.kernels.codec;

import org.jspecify.annotations.NullMarked;
