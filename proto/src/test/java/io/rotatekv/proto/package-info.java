/** Tests of the wire code. */
@NullMarked
package io.rotatekv.proto;

import org.jspecify.annotations.NullMarked;
