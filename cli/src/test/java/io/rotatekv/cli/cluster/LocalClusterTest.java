package io.rotatekv.cli.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.cli.FakeNode;
import io.rotatekv.cli.cluster.LocalCluster.Member;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.cli.console.CommandException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalClusterTest {

  private static final int LIMIT_SECONDS = 60;

  @TempDir Path folder;

  @Test
  void startsAsManyAsAskedEachKnowingThoseItNeeds() throws InterruptedException, IOException {
    LocalCluster cluster = start(Map.of("ROTATEKV_PREFILL_COUNT", "2"));
    try (cluster) {
      assertEquals(
          List.of("kv-store-0", "prefill-0", "prefill-1", "decode-0"),
          cluster.members().stream().map(member -> member.process().name()).toList());
      String store = address(cluster, ServiceKind.KV_STORE);
      String prefillLog = log(cluster, "prefill-1");
      assertTrue(prefillLog.contains("store: " + store), prefillLog);
      String decodeLog = log(cluster, "decode-0");
      assertTrue(
          decodeLog.contains("prefill: " + address(cluster, ServiceKind.PREFILL)), decodeLog);
    }
    assertNoneAlive(cluster.members().stream().map(member -> member.process().pid()).toList());
    assertFalse(Files.exists(cluster.directory()));
  }

  @Test
  void failedStartShowsTheChildsLogAndLeavesNothingRunning() {
    CommandException e =
        assertThrows(
            CommandException.class,
            () -> start(Map.of("ROTATEKV_MODEL_PATH", FakeNode.BROKEN_MODEL)));
    assertEquals("prefill-0 ended with status 3 before it was ready", e.getMessage());
    assertTrue(e.cure().contains("no model at " + FakeNode.BROKEN_MODEL), e::cure);
    assertEquals(
        List.of(), ProcessHandle.current().children().filter(LocalClusterTest::isNode).toList());
  }

  @Test
  void warningsOfChildrenAreToldOnce() throws InterruptedException {
    try (LocalCluster cluster = start(Map.of())) {
      assertEquals(List.of("prefill-0, decode-0: " + FakeNode.WARNING), cluster.warnings());
    }
  }

  /** An interrupted command's own thread and the JVM's hook both stop the cluster. */
  @Test
  void whoeverClosesItReturnsOnceAllAreGone() throws InterruptedException {
    LocalCluster cluster = start(Map.of());
    List<Member> members = cluster.members();
    Thread other = Thread.ofPlatform().start(cluster::close);
    while (!members.getFirst().process().isStopping()) {
      Thread.onSpinWait();
    }
    cluster.close();
    assertEquals(
        List.of(),
        members.stream()
            .map(member -> member.process().pid())
            .filter(pid -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent())
            .toList());
    other.join();
  }

  @Test
  void killedChildIsSeen() throws InterruptedException, ExecutionException, TimeoutException {
    try (LocalCluster cluster = start(Map.of())) {
      Member store = cluster.members(ServiceKind.KV_STORE).getFirst();
      ProcessHandle.of(store.process().pid()).orElseThrow().destroyForcibly();
      assertEquals(128 + 9, store.process().exit().get(LIMIT_SECONDS, TimeUnit.SECONDS));
      assertFalse(store.process().isStopping());
    }
  }

  @Test
  void interruptStopsAllChildren() throws Exception {
    assertStopsWith("INT");
  }

  @Test
  void evenAKilledParentLeavesNoChildren() throws Exception {
    assertStopsWith("KILL");
  }

  private void assertStopsWith(String signal) throws Exception {
    // A killed parent cannot remove its logs, so they get a folder that the test removes.
    JavaCommand java = FakeNode.command();
    List<String> flags = new ArrayList<>(java.flags());
    flags.add("-Djava.io.tmpdir=" + folder);
    Process parent =
        new JavaCommand(java.java(), flags, java.classPath(), java.mainClass())
            .process(List.of("cluster"))
            .start();
    List<Long> pids = new ArrayList<>();
    try {
      BufferedReader out = parent.inputReader(StandardCharsets.UTF_8);
      for (String line = out.readLine(); !"UP".equals(line); line = out.readLine()) {
        assertTrue(line != null && line.startsWith("PID "), "the parent printed " + line);
        pids.add(Long.valueOf(line.substring(4)));
      }
      assertEquals(3, pids.size());
      assertEquals(
          0, new ProcessBuilder("kill", "-" + signal, "" + parent.pid()).start().waitFor());
      assertTrue(parent.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "the parent did not end");
      assertNoneAlive(pids);
    } finally {
      parent.destroyForcibly();
      pids.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    }
  }

  /** Waits for each to end; a process that does not within the limit fails the test. */
  private static void assertNoneAlive(List<Long> pids) {
    for (long pid : pids) {
      ProcessHandle.of(pid)
          .ifPresent(handle -> handle.onExit().orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join());
    }
  }

  private static boolean isNode(ProcessHandle handle) {
    return handle.info().commandLine().orElse("").contains(FakeNode.class.getName());
  }

  private static LocalCluster start(Map<String, String> environment) throws InterruptedException {
    return LocalCluster.start(FakeNode.command(), Settings.of(null, environment, List.of()));
  }

  private static String address(LocalCluster cluster, ServiceKind kind) {
    return cluster.members(kind).getFirst().address().toString();
  }

  private static String log(LocalCluster cluster, String name) throws IOException {
    return Files.readString(Path.of(cluster.directory().toString(), name + ".log"));
  }
}
