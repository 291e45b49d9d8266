/** Reads models from GGUF files (versions 2 and 3), the format of llama.cpp. */
@NullMarked
package io.rotatekv.model.gguf;

import org.jspecify.annotations.NullMarked;
