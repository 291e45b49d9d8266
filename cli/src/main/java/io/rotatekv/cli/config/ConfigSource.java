package io.rotatekv.cli.config;

import java.nio.file.Path;

/** Where a value came from; its text is how errors and {@code --print-config} name it. */
public sealed interface ConfigSource {

  /** The value that holds when nobody sets one. */
  record Default() implements ConfigSource {
    @Override
    public String toString() {
      return "default";
    }
  }

  /** A line of a configuration file, counted from one. */
  record File(Path path, int line) implements ConfigSource {
    @Override
    public String toString() {
      return path + ":" + line;
    }
  }

  /** An environment variable. */
  record Environment(String variable) implements ConfigSource {
    @Override
    public String toString() {
      return "environment variable " + variable;
    }
  }

  /** An option on the command line, as the user would type it. */
  record Flag(String option) implements ConfigSource {
    @Override
    public String toString() {
      return "option " + option;
    }
  }
}
