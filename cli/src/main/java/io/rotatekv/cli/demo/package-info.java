/** The demonstration: two questions on one document, and what the shared cache did for them. */
@NullMarked
package io.rotatekv.cli.demo;

import org.jspecify.annotations.NullMarked;
