package io.rotatekv.cli;

import io.grpc.ManagedChannel;
import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.cluster.LocalCluster;
import io.rotatekv.cli.cluster.LocalCluster.Member;
import io.rotatekv.cli.cluster.ServiceKind;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.proto.Channels;
import io.rotatekv.v1.DecodeGrpc;
import io.rotatekv.v1.FidelityRequest;
import io.rotatekv.v1.FidelityResponse;
import io.rotatekv.v1.GenerateRequest;
import io.rotatekv.v1.GenerateResponse;
import io.rotatekv.v1.GenerateSummary;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.NodeGrpc;
import io.rotatekv.v1.StatsRequest;
import io.rotatekv.v1.StatsResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A cluster of real processes, started from the packaged program as a user would. */
final class ClusterFixture implements AutoCloseable {

  /** A cold JVM on a busy machine; a hang still ends the test. */
  private static final int DEADLINE_SECONDS = 240;

  private final LocalCluster cluster;

  /** The tokens of an answer, and what the node says of it. */
  record Reply(List<Integer> tokens, GenerateSummary summary) {}

  private ClusterFixture(LocalCluster cluster) {
    this.cluster = cluster;
  }

  static ClusterFixture start(Map<String, String> environment) throws InterruptedException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    List<String> flags = List.of("@" + Path.of("..", "deploy", "jvm.options"));
    String classPath = Path.of("target", "rotatekv", "lib").toAbsolutePath() + "/*";
    JavaCommand command = new JavaCommand(java, flags, classPath, Main.class.getName());
    return new ClusterFixture(
        LocalCluster.start(command, Settings.of(null, environment, List.of())));
  }

  String address(ServiceKind kind) {
    return member(kind).address().toString();
  }

  /** What a node's encoding has lost so far. */
  FidelityResponse fidelity(ServiceKind kind) {
    ManagedChannel channel = Channels.control(address(kind));
    try {
      return NodeGrpc.newBlockingStub(channel)
          .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
          .fidelity(FidelityRequest.getDefaultInstance());
    } finally {
      Channels.close(channel);
    }
  }

  /** What a node has logged so far. */
  String log(ServiceKind kind) throws IOException {
    return Files.readString(cluster.directory().resolve(member(kind).process().name() + ".log"));
  }

  /** Ends a process as a crash would, and waits until it is gone. */
  void kill(ServiceKind kind) {
    ProcessHandle process = ProcessHandle.of(member(kind).process().pid()).orElseThrow();
    process.destroyForcibly();
    process.onExit().join();
  }

  /** Sends a signal, such as {@code STOP}, to a process. */
  void signal(ServiceKind kind, String name) throws IOException, InterruptedException {
    Program.signal(name, member(kind).process().pid());
  }

  Reply generate(GenerateRequest request) {
    return generate(address(ServiceKind.DECODE), request);
  }

  static Reply generate(String target, GenerateRequest request) {
    ManagedChannel channel = Channels.control(target);
    try {
      Iterator<GenerateResponse> responses =
          DecodeGrpc.newBlockingStub(channel)
              .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
              .generate(request);
      List<Integer> tokens = new ArrayList<>();
      GenerateSummary summary = GenerateSummary.getDefaultInstance();
      while (responses.hasNext()) {
        GenerateResponse response = responses.next();
        tokens.addAll(response.getTokens().getTokenIdsList());
        summary = response.hasSummary() ? response.getSummary() : summary;
      }
      return new Reply(tokens, summary);
    } finally {
      Channels.close(channel);
    }
  }

  StatsResponse storeStats() {
    ManagedChannel channel = Channels.control(address(ServiceKind.KV_STORE));
    try {
      return KvStoreGrpc.newBlockingStub(channel)
          .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
          .stats(StatsRequest.getDefaultInstance());
    } finally {
      Channels.close(channel);
    }
  }

  private Member member(ServiceKind kind) {
    return cluster.members(kind).getFirst();
  }

  @Override
  public void close() {
    cluster.close();
  }
}
