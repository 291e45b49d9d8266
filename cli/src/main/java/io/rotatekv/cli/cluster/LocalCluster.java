package io.rotatekv.cli.cluster;

import static java.util.stream.Collectors.joining;

import com.google.common.net.HostAndPort;
import io.rotatekv.cli.config.ConfigKey;
import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.cli.console.CommandException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A cluster of child processes on this machine. The store starts first, then the prefill nodes,
 * which are given its address, then the decode nodes, which are given both. All are stopped by
 * {@link #close}, when this JVM shuts down, and, because they read their standard input to its end,
 * when this process is killed.
 */
public final class LocalCluster implements AutoCloseable {

  /** Loading a model of several GiB from a slow disk fits; a hang does not go unseen. */
  private static final Duration START_TIMEOUT = Duration.ofMinutes(3);

  private final JavaCommand java;
  private final Settings settings;
  private final RunDirectory directory;
  private final Map<ServiceKind, List<Member>> members = new HashMap<>();
  private final List<ServiceProcess> started = new ArrayList<>();
  private final Thread hook = new Thread(this::stopAll, "cluster-stop");
  private final Object stopping = new Object();
  private boolean closed;
  private boolean failed;

  /** A process and where it listens. */
  public record Member(ServiceKind kind, ServiceProcess process, HostAndPort address) {}

  private LocalCluster(JavaCommand java, Settings settings) {
    this.java = java;
    this.settings = settings;
    this.directory = RunDirectory.create();
  }

  /**
   * Starts all services and returns once all of them serve.
   *
   * @throws CommandException with the end of the log of the one that failed; then none is left
   */
  public static LocalCluster start(JavaCommand java, Settings settings)
      throws InterruptedException {
    LocalCluster cluster = new LocalCluster(java, settings);
    Runtime.getRuntime().addShutdownHook(cluster.hook);
    boolean started = false;
    try {
      cluster.startAll();
      started = true;
      return cluster;
    } finally {
      if (!started) {
        cluster.keepLogs();
        cluster.close();
      }
    }
  }

  /** The processes of a kind that this cluster started. */
  public List<Member> members(ServiceKind kind) {
    synchronized (members) {
      return List.copyOf(members.getOrDefault(kind, List.of()));
    }
  }

  /** All processes, in the order they were started. */
  public List<Member> members() {
    return List.of(ServiceKind.values()).stream().flatMap(kind -> members(kind).stream()).toList();
  }

  /**
   * What its processes have warned of so far, a line for each warning: {@code prefill-0, decode-0:
   * ...}. Nobody reads their logs while all goes well.
   */
  public List<String> warnings() {
    Map<String, List<String>> names = new LinkedHashMap<>();
    for (Member member : members()) {
      for (String warning : member.process().warnings()) {
        names.computeIfAbsent(warning, _ -> new ArrayList<>()).add(member.process().name());
      }
    }
    return names.entrySet().stream()
        .map(warned -> String.join(", ", warned.getValue()) + ": " + warned.getKey())
        .toList();
  }

  /** The folder of logs and configuration files; removed by {@link #close}. */
  public Path directory() {
    return directory.path();
  }

  /** Leaves the logs where they are when the cluster is closed. */
  public void keepLogs() {
    synchronized (members) {
      failed = true;
    }
  }

  /** Stops all processes, those that depend on others first, and waits until they are gone. */
  @Override
  public void close() {
    stopAll();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is shutting down, and the hook has run or runs.
      return;
    }
  }

  private void startAll() throws InterruptedException {
    startKind(ServiceKind.KV_STORE, ConfigKeys.STORE_COUNT, ConfigKeys.STORE_PORT);
    startKind(ServiceKind.PREFILL, ConfigKeys.PREFILL_COUNT, ConfigKeys.PREFILL_PORT);
    startKind(ServiceKind.DECODE, ConfigKeys.DECODE_COUNT, ConfigKeys.DECODE_PORT);
  }

  private void startKind(ServiceKind kind, ConfigKey<Integer> count, ConfigKey<Integer> port)
      throws InterruptedException {
    int first = settings.get(port);
    List<ServiceProcess> processes = new ArrayList<>();
    for (int i = 0; i < settings.get(count); i++) {
      Map<ConfigKey<?>, String> own = new HashMap<>(addressesFor(kind, i));
      own.put(port, Integer.toString(first == 0 ? 0 : first + i));
      processes.add(startOne(kind, kind.command() + "-" + i, settings.with(own, "of the cluster")));
    }
    for (ServiceProcess process : processes) {
      HostAndPort address = process.awaitAddress(START_TIMEOUT);
      HealthWait.awaitServing(process.name(), address, START_TIMEOUT);
      synchronized (members) {
        members
            .computeIfAbsent(kind, _ -> new ArrayList<>())
            .add(new Member(kind, process, address));
      }
    }
  }

  private ServiceProcess startOne(ServiceKind kind, String name, Settings own) {
    Path config = directory.writeConfig(name, own.toYaml());
    ProcessBuilder builder =
        java.process(List.of(kind.command(), "--config", config.toString(), "--exit-with-parent"));
    // The file holds the effective values; the environment must not win over them again.
    builder.environment().keySet().removeAll(Settings.variables());
    synchronized (members) {
      if (closed) {
        throw new CommandException("stopped while starting", "");
      }
      ServiceProcess process = ServiceProcess.start(builder, name, directory.log(name));
      started.add(process);
      return process;
    }
  }

  private Map<ConfigKey<?>, String> addressesFor(ServiceKind kind, int i) {
    return switch (kind) {
      case KV_STORE -> storage(i);
      case PREFILL -> Map.of(ConfigKeys.PREFILL_STORE, stores(ConfigKeys.PREFILL_STORE));
      case DECODE ->
          Map.of(
              ConfigKeys.DECODE_STORE,
              stores(ConfigKeys.DECODE_STORE),
              ConfigKeys.DECODE_PREFILL,
              address(ServiceKind.PREFILL, i, ConfigKeys.DECODE_PREFILL));
    };
  }

  /** Two stores share neither a file nor the names of their keys. */
  private Map<ConfigKey<?>, String> storage(int i) {
    Map<ConfigKey<?>, String> own = new HashMap<>();
    if (i > 0) {
      settings
          .get(ConfigKeys.STORE_FILE)
          .ifPresent(path -> own.put(ConfigKeys.STORE_FILE, "%s.%d".formatted(path, i)));
      own.put(
          ConfigKeys.STORE_REDIS_PREFIX,
          "%s%d:".formatted(settings.get(ConfigKeys.STORE_REDIS_PREFIX), i));
    }
    return own;
  }

  // Every node knows every store, for all must place the blocks alike.
  private String stores(ConfigKey<String> elsewhere) {
    List<Member> own = members(ServiceKind.KV_STORE);
    return own.isEmpty()
        ? settings.get(elsewhere)
        : own.stream().map(member -> member.address().toString()).collect(joining(","));
  }

  // Nodes of a kind are dealt out in turn; where the cluster has none, one runs elsewhere.
  private String address(ServiceKind kind, int i, ConfigKey<String> elsewhere) {
    List<Member> own = members(kind);
    return own.isEmpty() ? settings.get(elsewhere) : own.get(i % own.size()).address().toString();
  }

  /** For one thread at a time: while another stops them, this JVM must not end before them. */
  private void stopAll() {
    synchronized (stopping) {
      stopOnce();
    }
  }

  private void stopOnce() {
    List<ServiceProcess> toStop;
    boolean keep;
    synchronized (members) {
      if (closed) {
        return;
      }
      closed = true;
      toStop = List.copyOf(started).reversed();
      keep = failed;
    }
    toStop.forEach(ServiceProcess::askToStop);
    toStop.forEach(ServiceProcess::close);
    if (!keep) {
      directory.delete();
    }
  }
}
