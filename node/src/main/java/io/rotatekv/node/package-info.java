/** What all nodes that run a model say of themselves. */
@NullMarked
package io.rotatekv.node;

import org.jspecify.annotations.NullMarked;
