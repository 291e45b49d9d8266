/** TODO. */
@NullMarked
package io.rotatekv.decode;

import org.jspecify.annotations.NullMarked;
