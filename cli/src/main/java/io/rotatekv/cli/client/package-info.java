/** Talks to a decode node. */
@NullMarked
package io.rotatekv.cli.client;

import org.jspecify.annotations.NullMarked;
