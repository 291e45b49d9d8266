/** Reads models from Hugging Face folders: config.json, tokenizer.json and safetensors. */
@NullMarked
package io.rotatekv.model.safetensors;

import org.jspecify.annotations.NullMarked;
