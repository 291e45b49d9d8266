/**
 * The engine on the CPU: the transformer, layer by layer, over the {@code Kernels} of a backend.
 */
@NullMarked
package io.rotatekv.model.engine.cpu;

import org.jspecify.annotations.NullMarked;
