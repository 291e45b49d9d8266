/** Putting a model, its calibration, a codec and a backend together. */
@NullMarked
package io.rotatekv.model.runtime;

import org.jspecify.annotations.NullMarked;
