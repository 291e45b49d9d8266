/** Tests of the store. */
@NullMarked
package io.rotatekv.store;

import org.jspecify.annotations.NullMarked;
