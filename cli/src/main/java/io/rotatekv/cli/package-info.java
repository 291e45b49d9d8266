/** TODO. */
@NullMarked
package io.rotatekv.cli;

import org.jspecify.annotations.NullMarked;
