/** The {@code rotatekv} command: one class per subcommand. */
@NullMarked
package io.rotatekv.cli;

import org.jspecify.annotations.NullMarked;
