package io.rotatekv.cli.config;

/** A configuration that cannot be used; the message names the place, the key and the cure. */
public final class ConfigException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public ConfigException(String message) {
    super(message);
  }
}
