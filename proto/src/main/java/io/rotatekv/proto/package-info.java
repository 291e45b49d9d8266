/** TODO. */
@NullMarked
package io.rotatekv.proto;

import org.jspecify.annotations.NullMarked;
