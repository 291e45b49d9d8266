/** The decode service: fetches a prompt's blocks, generates tokens, writes full blocks back. */
@NullMarked
package io.rotatekv.decode;

import org.jspecify.annotations.NullMarked;
