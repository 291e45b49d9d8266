package io.rotatekv.cli;

import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.cli.demo.Demo;
import io.rotatekv.cli.demo.DemoReport;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv demo}: the whole path once, with figures. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Starts kv-store, prefill and decode as three processes on free ports of this machine, asks",
      "two questions on one document, prints what the shared KV cache did, and stops everything."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv demo",
      "  rotatekv demo --codec fp16        the same without compression",
      "  rotatekv demo --json > figures.json",
    })
final class DemoCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final ClusterOptions cluster = new ClusterOptions();

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "64",
      description = "Most tokens of each answer (default: ${DEFAULT-VALUE}).")
  private int maxTokens;

  @Option(
      names = "--json",
      description = "Print one JSON object to standard output, everything else to standard error.")
  private boolean json;

  @Override
  public void run() {
    UsageChecks.atLeast(spec, "--max-tokens", maxTokens, 1);
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter story = json ? spec.commandLine().getErr() : out;
    Settings settings = cluster.config().settings();
    ModelFiles.fetch(settings.get(ConfigKeys.MODEL_PATH), spec.commandLine().getErr());
    JavaCommand java = JavaCommand.ofThisProcess(Main.class.getName());
    Demo demo = new Demo(java, settings, story);
    try {
      DemoReport report = demo.run(maxTokens);
      out.println(json ? Demo.toJson(report) : report.table() + report.conclusion());
      out.flush();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
