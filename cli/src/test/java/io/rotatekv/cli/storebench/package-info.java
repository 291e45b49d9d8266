@NullMarked
package io.rotatekv.cli.storebench;

import org.jspecify.annotations.NullMarked;
