/**
 * Configuration: the keys there are, and where each value came from.
 *
 * <p>A flag wins over the environment, the environment over the file, the file over the default. A
 * key that does not exist is an error wherever it stands.
 */
@NullMarked
package io.rotatekv.cli.config;

import org.jspecify.annotations.NullMarked;
