@NullMarked
package io.rotatekv.store.redis;

import org.jspecify.annotations.NullMarked;
