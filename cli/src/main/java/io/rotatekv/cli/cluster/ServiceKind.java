package io.rotatekv.cli.cluster;

/** The three services, in the order in which they need each other. */
public enum ServiceKind {
  KV_STORE("kv-store"),
  PREFILL("prefill"),
  DECODE("decode");

  private final String command;

  ServiceKind(String command) {
    this.command = command;
  }

  /** The subcommand that runs it. */
  public String command() {
    return command;
  }
}
