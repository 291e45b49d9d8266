/** The store's engine over Redis or Valkey, through Lettuce. */
@NullMarked
package io.rotatekv.store.redis;

import org.jspecify.annotations.NullMarked;
