/**
 * What the two file formats share: mapped files, named tensors, and how a model is made of them.
 */
@NullMarked
package io.rotatekv.model.weights;

import org.jspecify.annotations.NullMarked;
