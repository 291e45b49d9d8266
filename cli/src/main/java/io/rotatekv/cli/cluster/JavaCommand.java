package io.rotatekv.cli.cluster;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How a child JVM is started.
 *
 * @param java the java binary
 * @param flags the JVM's own flags
 * @param classPath its class path
 * @param mainClass the class whose main method takes a subcommand
 */
public record JavaCommand(Path java, List<String> flags, String classPath, String mainClass) {

  /** The same JVM with the same flags and class path as this process. */
  public static JavaCommand ofThisProcess(String mainClass) {
    return new JavaCommand(
        Path.of(System.getProperty("java.home"), "bin", "java"),
        ManagementFactory.getRuntimeMXBean().getInputArguments(),
        System.getProperty("java.class.path"),
        mainClass);
  }

  /** The same but for the main class. */
  public JavaCommand withMain(String otherClass) {
    return new JavaCommand(java, flags, classPath, otherClass);
  }

  /**
   * A process to be started; the class path travels by environment, so that `ps` stays readable.
   */
  public ProcessBuilder process(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(java.toString());
    command.addAll(flags);
    command.add(mainClass);
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("CLASSPATH", classPath);
    return builder;
  }
}
