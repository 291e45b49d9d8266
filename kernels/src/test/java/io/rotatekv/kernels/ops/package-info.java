@NullMarked
package io.rotatekv.kernels.ops;

import org.jspecify.annotations.NullMarked;
