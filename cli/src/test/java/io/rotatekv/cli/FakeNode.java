package io.rotatekv.cli;

import io.grpc.BindableService;
import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.cluster.LocalCluster;
import io.rotatekv.cli.config.ConfigKey;
import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.proto.GrpcServers;
import io.rotatekv.proto.RunningServer;
import io.rotatekv.proto.ServerOptions;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/**
 * Stands in for the {@code rotatekv} command in tests of the cluster: its services start as the
 * real ones do, but compute nothing. {@code cluster} runs a whole cluster of them until killed.
 */
public final class FakeNode {

  /** A model path that makes a prefill node fail to start. */
  public static final String BROKEN_MODEL = "broken.gguf";

  /** What its compute services warn of. */
  public static final String WARNING = "computes nothing: only good for tests";

  private FakeNode() {}

  /** How a cluster of fakes is started. */
  public static JavaCommand command() {
    return JavaCommand.ofThisProcess(FakeNode.class.getName());
  }

  /** Runs {@code kv-store|prefill|decode --config FILE --exit-with-parent}, or {@code cluster}. */
  public static void main(String[] args) throws InterruptedException {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    if (args[0].equals("cluster")) {
      holdCluster(out);
      return;
    }
    Settings settings = Settings.of(Path.of(args[2]), System.getenv(), List.of());
    if (args[0].equals("prefill") && settings.get(ConfigKeys.MODEL_PATH).equals(BROKEN_MODEL)) {
      System.err.println("no model at " + BROKEN_MODEL);
      System.exit(3);
    }
    System.err.println(args[0] + " knows " + settings.toYaml());
    if (!args[0].equals("kv-store")) {
      LoggerFactory.getLogger(FakeNode.class).warn(WARNING);
    }
    ServerOptions options = ServerOptions.of("127.0.0.1", settings.get(port(args[0])));
    List<BindableService> services =
        args[0].equals("decode") ? List.of(new EchoDecode()) : List.of();
    RunningServer server = GrpcServers.start(options, services);
    ServiceRunner.run(server, args[3].equals("--exit-with-parent"), out);
  }

  private static void holdCluster(PrintWriter out) throws InterruptedException {
    Settings settings = Settings.of(null, Map.of(), List.of());
    try (LocalCluster cluster = LocalCluster.start(command(), settings)) {
      cluster.members().forEach(member -> out.println("PID " + member.process().pid()));
      out.println("UP");
      new CountDownLatch(1).await();
    }
  }

  private static ConfigKey<Integer> port(String kind) {
    return switch (kind) {
      case "kv-store" -> ConfigKeys.STORE_PORT;
      case "prefill" -> ConfigKeys.PREFILL_PORT;
      default -> ConfigKeys.DECODE_PORT;
    };
  }
}
