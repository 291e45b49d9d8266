/** What the terminal shows: tables, progress, errors. */
@NullMarked
package io.rotatekv.cli.console;

import org.jspecify.annotations.NullMarked;
