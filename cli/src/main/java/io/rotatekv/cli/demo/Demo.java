package io.rotatekv.cli.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rotatekv.cli.client.Answer;
import io.rotatekv.cli.client.GenerateClient;
import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.cluster.LocalCluster;
import io.rotatekv.cli.cluster.LocalCluster.Member;
import io.rotatekv.cli.cluster.ServiceKind;
import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.cli.console.CommandException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Starts a cluster, asks two questions on one document, and reports. */
public final class Demo {

  /** A slow machine still answers within this; a hang does not last. */
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  private final DemoScript script = new DemoScript();
  private final JavaCommand java;
  private final Settings settings;
  private final PrintWriter story;

  /**
   * A demonstration.
   *
   * @param java how the services are started
   * @param settings the cluster's configuration
   * @param story takes everything but the report: what happens, and the answers as they come
   */
  public Demo(JavaCommand java, Settings settings, PrintWriter story) {
    this.java = java;
    this.settings = settings;
    this.story = story;
  }

  /**
   * Runs it; no process is left afterwards, however it ends.
   *
   * @throws CommandException where anything did not work, a mended failure included
   */
  public DemoReport run(int maxTokens) throws InterruptedException {
    tell(
        "Starting kv-store, prefill and decode on %s with %s … "
            .formatted(settings.get(ConfigKeys.MODEL_PATH), settings.get(ConfigKeys.MODEL_CODEC)));
    long begin = System.nanoTime();
    try (LocalCluster cluster = LocalCluster.start(java, settings)) {
      tell("ready in %.1f s%n".formatted(secondsSince(begin)));
      tell(
          cluster.members().stream()
              .map(Demo::describe)
              .collect(Collectors.joining("   ", "  ", "\n")));
      cluster.warnings().forEach(warning -> tell("  warning: %s%n".formatted(warning)));
      return ask(cluster, maxTokens);
    }
  }

  /** The report as one line of JSON. */
  public static String toJson(DemoReport report) {
    try {
      return new ObjectMapper().writeValueAsString(report.json());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private DemoReport ask(LocalCluster cluster, int maxTokens) {
    try (GenerateClient client =
        new GenerateClient(cluster.members(ServiceKind.DECODE).getFirst().address())) {
      return ask(client, maxTokens);
    } catch (CommandException e) {
      cluster.keepLogs();
      String logs = "the services' logs are in %s".formatted(cluster.directory());
      throw new CommandException(
          String.valueOf(e.getMessage()), (e.cure() + "\n" + logs).strip(), e);
    }
  }

  private DemoReport ask(GenerateClient client, int maxTokens) {
    // An interrupted demonstration need not be answered to the end before its nodes stop.
    Thread hook = new Thread(client::close, "demo-cancel");
    Runtime.getRuntime().addShutdownHook(hook);
    long begin = System.nanoTime();
    client.generate(script.warmUp(), TIMEOUT, text -> {});
    tell(
        "Warmed up with one unrelated prompt in %.1f s, so that the figures are not the JVM's start.%n"
            .formatted(secondsSince(begin)));
    List<Answer> answers = new ArrayList<>();
    for (String question : DemoScript.QUESTIONS) {
      tell("%nQuestion %d, after a document: %s%n".formatted(answers.size() + 1, question));
      Answer answer = client.generate(script.ask(question, maxTokens), TIMEOUT, this::tell);
      tell("\n");
      requireSound(answer);
      answers.add(answer);
    }
    tell("\n");
    Runtime.getRuntime().removeShutdownHook(hook);
    return new DemoReport(answers);
  }

  private static void requireSound(Answer answer) {
    if (!answer.summary().getWarningsList().isEmpty()) {
      throw new CommandException(
          "the answer came, but not as it should: "
              + String.join("; ", answer.summary().getWarningsList()),
          "");
    }
    if (answer.summary().getGeneratedTokens() == 0) {
      throw new CommandException("the decode node generated no tokens", "");
    }
  }

  private static String describe(Member member) {
    return member.kind().command() + " " + member.address();
  }

  private void tell(String text) {
    story.print(text);
    story.flush();
  }

  private static double secondsSince(long nanoTime) {
    return (System.nanoTime() - nanoTime) / 1e9;
  }
}
