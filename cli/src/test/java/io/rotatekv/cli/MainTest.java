package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class MainTest {

  @TempDir Path folder;

  @Test
  void withoutSubcommandSaysSoAndExits2() {
    CommandRun run = CommandRun.of();
    assertEquals(2, run.status());
    assertEquals("rotatekv: a subcommand is missing\nTry 'rotatekv --help'.\n", run.err());
  }

  @Test
  void mistypedSubcommandNamesTheNearest() {
    CommandRun run = CommandRun.of("generat");
    assertEquals(2, run.status());
    assertTrue(run.err().contains("generate"), run::err);
  }

  @Test
  void mistypedOptionNamesTheNearest() {
    CommandRun run = CommandRun.of("up", "--modle", "x");
    assertEquals(2, run.status());
    assertTrue(run.err().contains("--model"), run::err);
    assertTrue(run.err().contains("Try 'rotatekv up --help'."), run::err);
  }

  @Test
  void everySubcommandHasHelpWithAnExample() {
    for (CommandLine each : leaves(Main.commandLine())) {
      String name = each.getCommandSpec().qualifiedName();
      String[] words = name.substring("rotatekv ".length()).split(" ", -1);
      CommandRun run =
          CommandRun.of(
              Stream.concat(Stream.of(words), Stream.of("--help")).toArray(String[]::new));
      assertEquals(0, run.status(), name);
      assertTrue(run.out().contains("Examples:\n  " + name), run::out);
    }
  }

  @Test
  void versionNamesTheJvm() {
    CommandRun run = CommandRun.of("version");
    assertEquals(0, run.status());
    assertTrue(run.out().startsWith("rotatekv "), run::out);
    assertTrue(run.out().contains(Runtime.version().toString()), run::out);
  }

  @Test
  void printConfigShowsValuesAndSources() {
    CommandRun run = CommandRun.of("up", "--print-config", "--codec", "fp16", "--threads", "3");
    assertEquals(0, run.status(), run::err);
    List<String> lines = run.out().lines().map(line -> line.replaceAll(" +", " ")).toList();
    assertTrue(lines.contains(" codec: fp16 # option --codec"), run::out);
    assertEquals(
        2, lines.stream().filter(" threads: 3 # option --threads"::equals).count(), run::out);
  }

  @Test
  void setGivesAnyKeyAndMayBeRepeated() {
    CommandRun run =
        CommandRun.of(
            "up", "--print-config", "--set", "store.port=7001", "--set", "decode.port=7002");
    assertTrue(run.out().contains("port: 7001"), run::out);
    assertTrue(run.out().contains("port: 7002"), run::out);
  }

  @Test
  void configurationErrorIsOneLineWithPlaceAndExits2() throws IOException {
    Path file = Files.writeString(folder.resolve("c.yaml"), "store:\n  prot: 1\n");
    CommandRun run = CommandRun.of("up", "--config", file.toString());
    assertEquals(2, run.status());
    assertEquals(
        "rotatekv: " + file + ":2: unknown key 'store.prot'; did you mean 'store.port'?\n",
        run.err());
  }

  @Test
  void stackTraceOnlyWithVerbose() {
    String[] args = {"up", "--config", folder.resolve("absent.yaml").toString()};
    assertFalse(CommandRun.of(args).err().contains("\tat "));
    CommandRun verbose = CommandRun.of(args[0], "--verbose", args[1], args[2]);
    assertTrue(verbose.err().contains("\tat "), verbose::err);
  }

  @Test
  void serviceAloneNeedsTheAddressesOfThoseItUses() {
    CommandRun run = CommandRun.of("decode", "--store", "127.0.0.1:1");
    assertEquals(2, run.status());
    assertEquals(
        "rotatekv: default: decode.prefill: missing; give --prefill HOST:PORT\n", run.err());
  }

  @Test
  void clusterWithoutStoreNeedsTheAddressOfOne() {
    CommandRun run = CommandRun.of("up", "--set", "store.count=0");
    assertEquals(2, run.status());
    assertTrue(run.err().contains("set prefill.store to the address of a running one"), run::err);
  }

  private static List<CommandLine> leaves(CommandLine command) {
    if (command.getSubcommands().isEmpty()) {
      return List.of(command);
    }
    return command.getSubcommands().values().stream()
        .filter(each -> !List.of("help", "version").contains(each.getCommandName()))
        .flatMap(each -> leaves(each).stream())
        .toList();
  }
}
