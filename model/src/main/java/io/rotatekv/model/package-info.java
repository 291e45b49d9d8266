/** TODO. */
@NullMarked
package io.rotatekv.model;

import org.jspecify.annotations.NullMarked;
