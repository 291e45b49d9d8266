/** Running a model over a KV cache of blocks: one interface for every kind of processor. */
@NullMarked
package io.rotatekv.model.engine;

import org.jspecify.annotations.NullMarked;
