/** Gets models by name, from Python packages that carry their weights. */
@NullMarked
package io.rotatekv.model.fetch;

import org.jspecify.annotations.NullMarked;
