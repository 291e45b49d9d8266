/** Several stores as one: where a chain lives, its replicas, and reading from whichever answers. */
@NullMarked
package io.rotatekv.proto.stores;

import org.jspecify.annotations.NullMarked;
