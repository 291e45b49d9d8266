package io.rotatekv.cli.config;

/** The text of one value, and where it came from. */
record Setting(String text, ConfigSource source) {}
