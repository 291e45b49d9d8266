/** Tests of several stores as one. */
@NullMarked
package io.rotatekv.proto.stores;

import org.jspecify.annotations.NullMarked;
