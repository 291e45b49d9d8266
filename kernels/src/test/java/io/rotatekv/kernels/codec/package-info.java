/** Tests of the KV codecs. */
@NullMarked
package io.rotatekv.kernels.codec;

import org.jspecify.annotations.NullMarked;
