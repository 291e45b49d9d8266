/** The store's speed beside a raw TCP copy and Redis, and its memory over time. */
@NullMarked
package io.rotatekv.cli.storebench;

import org.jspecify.annotations.NullMarked;
