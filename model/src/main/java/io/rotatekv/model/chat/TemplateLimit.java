package io.rotatekv.model.chat;

/**
 * A template runs for too long. An error rather than an exception, because Jinjava notes exceptions
 * and goes on with the next iteration of a loop.
 */
final class TemplateLimit extends Error {

  private static final long serialVersionUID = 1L;

  TemplateLimit(int steps) {
    super("it takes more than %d steps".formatted(steps), null, false, false);
  }
}
