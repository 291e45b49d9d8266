/** Text to token ids and back. */
@NullMarked
package io.rotatekv.model.tokenizer;

import org.jspecify.annotations.NullMarked;
