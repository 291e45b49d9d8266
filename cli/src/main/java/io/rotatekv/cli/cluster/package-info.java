/** A cluster on this machine: one child process per service. */
@NullMarked
package io.rotatekv.cli.cluster;

import org.jspecify.annotations.NullMarked;
