/** Calibration: what the codecs must know of a model, learned from a text, kept in one file. */
@NullMarked
package io.rotatekv.model.calibration;

import org.jspecify.annotations.NullMarked;
