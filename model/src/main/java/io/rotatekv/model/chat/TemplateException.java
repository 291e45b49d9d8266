package io.rotatekv.model.chat;

/** A template that is invalid, or that refuses what it is given. */
final class TemplateException extends Exception {

  private static final long serialVersionUID = 1L;

  TemplateException(String message) {
    super(message);
  }
}
