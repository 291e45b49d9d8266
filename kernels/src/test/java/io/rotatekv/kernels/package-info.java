@NullMarked
package io.rotatekv.kernels;

import org.jspecify.annotations.NullMarked;
