package io.rotatekv.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.cli.client.Answer;
import io.rotatekv.cli.client.GenerateClient;
import io.rotatekv.cli.config.ValueType;
import io.rotatekv.v1.GenerateRequest;
import io.rotatekv.v1.GenerateSummary;
import java.io.PrintWriter;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code rotatekv generate}: asks a running decode node. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    description = "Sends a prompt to a decode node and streams the answer.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv generate --target 127.0.0.1:7100 --prompt \"Why is the sky blue?\"",
      "  rotatekv generate --target 127.0.0.1:7100 --prompt-file question.txt --temperature 0.7",
      "  echo \"Once upon a time\" | rotatekv generate --target 127.0.0.1:7100 --raw --json",
    })
final class GenerateCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final PromptOptions prompt = new PromptOptions();
  @Mixin private final SamplingOptions sampling = new SamplingOptions();

  @Option(
      names = "--target",
      required = true,
      paramLabel = "HOST:PORT",
      description = "Address of a decode node; 'rotatekv up' prints it.")
  private String target = "";

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "256",
      description = "Most tokens to generate (default: ${DEFAULT-VALUE}).")
  private int maxTokens;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      defaultValue = "10m",
      description = "When to give up, such as 90s (default: ${DEFAULT-VALUE}).")
  private String timeout = "";

  @Option(
      names = "--json",
      description = "Print one JSON object with the text and the figures instead of the text.")
  private boolean json;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    GenerateRequest request = request();
    Consumer<String> onText = text -> print(out, json ? "" : text);
    Answer answer;
    try (GenerateClient client = new GenerateClient(TargetAddress.parse(spec, target))) {
      answer = client.generate(request, ValueType.DURATION.parse(timeout), onText);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--timeout: " + e.getMessage(), e);
    }
    print(out, json ? toJson(answer) + "\n" : "\n");
    PrintWriter err = spec.commandLine().getErr();
    answer.summary().getWarningsList().forEach(warning -> err.println("rotatekv: " + warning));
    err.flush();
  }

  private GenerateRequest request() {
    UsageChecks.atLeast(spec, "--max-tokens", maxTokens, 1);
    GenerateRequest.Builder request =
        GenerateRequest.newBuilder().setMaxTokens(maxTokens).setSampling(sampling.toProto());
    prompt.addTo(request, spec.commandLine());
    return request.build();
  }

  private static void print(PrintWriter out, String text) {
    out.print(text);
    out.flush();
  }

  private static ObjectNode toJson(Answer answer) {
    GenerateSummary summary = answer.summary();
    ObjectNode object = new ObjectMapper().createObjectNode();
    object.put("text", answer.text());
    object.put(
        "finish_reason", summary.getFinishReason().name().substring("FINISH_REASON_".length()));
    object.put("prompt_tokens", summary.getPromptTokens());
    object.put("prefix_hit_tokens", summary.getCachedPrefixTokens());
    object.put("generated_tokens", summary.getGeneratedTokens());
    object.put("ttft_ms", summary.getTtftMs());
    object.put("decode_tok_s", answer.decodeTokensPerSecond());
    object.put("kv_bytes", summary.getKvBytes());
    object.put("fp16_kv_bytes", summary.getFp16KvBytes());
    object.put("avg_bits", answer.averageBits());
    object.put("blocks_put", summary.getBlocksPut());
    object.put("blocks_got", summary.getBlocksGot());
    summary.getWarningsList().forEach(object.putArray("warnings")::add);
    return object;
  }
}
