/**
 * Language models as they are served: configuration, weights, tokenizer and chat template, opened
 * from a GGUF file or a Hugging Face folder by {@link io.rotatekv.model.Models}.
 */
@NullMarked
package io.rotatekv.model;

import org.jspecify.annotations.NullMarked;
