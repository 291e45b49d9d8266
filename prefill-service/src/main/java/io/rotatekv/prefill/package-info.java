/** The prefill service: runs prompts, and puts their blocks into the store as they are made. */
@NullMarked
package io.rotatekv.prefill;

import org.jspecify.annotations.NullMarked;
