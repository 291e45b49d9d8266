@NullMarked
package io.rotatekv.kernels.cuda;

import org.jspecify.annotations.NullMarked;
