package io.rotatekv.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code rotatekv version}. */
@Command(
    name = "version",
    mixinStandardHelpOptions = true,
    description = "Prints the version of rotatekv and of its JVM.")
final class VersionCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().getOut().println(text());
  }

  private static String text() {
    String version = Main.class.getPackage().getImplementationVersion();
    return "rotatekv %s, JDK %s (%s)"
        .formatted(
            version == null ? "unpackaged" : version,
            Runtime.version(),
            System.getProperty("java.vendor"));
  }

  /** For {@code --version}. */
  static final class Provider implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {text()};
    }
  }
}
