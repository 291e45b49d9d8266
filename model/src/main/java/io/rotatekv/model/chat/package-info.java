/** Conversations to prompts. */
@NullMarked
package io.rotatekv.model.chat;

import org.jspecify.annotations.NullMarked;
