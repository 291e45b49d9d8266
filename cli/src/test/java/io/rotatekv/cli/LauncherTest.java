package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs {@code ./rotatekv} itself, in a repository of its own with a pretended JDK and Maven. */
class LauncherTest {

  private static final Path ROOT = Path.of("..");
  private static final List<String> TOOLS =
      List.of("bash", "dirname", "readlink", "ln", "rm", "mkdir", "find", "tail", "sed", "sleep");

  @TempDir Path temp;
  private Path repository;
  private Path jdk;
  private Path bin;
  private String locale = "C.UTF-8";

  /** What one run gave. */
  private record Run(int status, String out, String err) {}

  @BeforeEach
  void prepare() throws IOException {
    repository = Files.createDirectories(temp.resolve("my checkout"));
    Files.createDirectories(repository.resolve("deploy"));
    Files.createDirectories(repository.resolve("cli/src/main/java"));
    for (String file : List.of("rotatekv", "deploy/find-jdk", "deploy/jvm.options")) {
      Files.copy(ROOT.resolve(file), repository.resolve(file));
    }
    script(repository.resolve("rotatekv"), Files.readString(ROOT.resolve("rotatekv")));
    source("pom.xml");
    jdk = pretendedJdk("jdk 25", "25.0.1");
    bin = Files.createDirectories(temp.resolve("bin"));
    script(
        bin.resolve("mvn"),
        """
        #!/bin/bash
        echo "$JAVA_HOME $*" >> builds.txt
        mkdir -p cli/target/rotatekv && : > cli/target/rotatekv/built.properties
        """);
  }

  @Test
  void buildsOnceAndPassesArgumentsAndStatus() throws Exception {
    Run first = launch("generate", "--prompt", "two words");
    assertEquals(7, first.status(), first.err());
    assertTrue(first.err().contains("building (first run"), first::err);
    assertEquals(
        "@%1$s/deploy/jvm.options|-cp|%1$s/cli/target/rotatekv/lib/*|io.rotatekv.cli.Main|generate|--prompt|two words|\n"
            .formatted(repository.toRealPath()),
        first.out());
    Run second = launch("version");
    assertEquals("", second.err());
    assertEquals(List.of(jdk + " -q -B -DskipTests package"), builds());
  }

  @Test
  void buildsAgainWhenASourceIsNewer() throws Exception {
    launch();
    Files.setLastModifiedTime(
        source("cli/src/main/java/Main.java"), FileTime.from(Instant.now().plusSeconds(5)));
    assertTrue(launch().err().contains("sources have changed, building"));
    assertEquals(2, builds().size());
  }

  @Test
  void testSourcesAndProductsDoNotCount() throws Exception {
    launch();
    FileTime later = FileTime.from(Instant.now().plusSeconds(5));
    for (String file : List.of("cli/src/test/java/T.java", "cli/target/src/main/x", "README.md")) {
      Files.setLastModifiedTime(source(file), later);
    }
    launch();
    assertEquals(1, builds().size());
  }

  @Test
  void worksThroughASymbolicLinkFromAnotherFolder() throws Exception {
    Path link = Files.createSymbolicLink(bin.resolve("rotatekv"), repository.resolve("rotatekv"));
    Run run = run(temp, link);
    assertEquals(7, run.status(), run.err());
  }

  @ParameterizedTest
  @CsvSource({
    "POSIX, C.UTF-8",
    "'', C.UTF-8",
    "sv_SE.UTF-8, sv_SE.UTF-8",
    "en_US.utf8, en_US.utf8"
  })
  void promptsAreReadAsUtf8InEveryLocale(String given, String effective) throws Exception {
    script(jdk.resolve("bin/java"), "#!/bin/bash\necho \"$LC_ALL\"\n");
    locale = given;
    assertEquals(effective + "\n", launch().out());
  }

  @Test
  void failedBuildShowsTheEndOfItsLog() throws Exception {
    script(bin.resolve("mvn"), "#!/bin/bash\necho '[ERROR] no such artifact'\nexit 1\n");
    Run run = launch();
    assertEquals(1, run.status());
    assertTrue(run.err().contains("[ERROR] no such artifact"), run::err);
    assertTrue(run.err().contains("target/launcher-build.log"), run::err);
    assertFalse(Files.exists(repository.resolve("target/launcher.lock")));
  }

  @Test
  void missingMavenNamesTheCure() throws Exception {
    Files.delete(bin.resolve("mvn"));
    Run run = launch();
    assertEquals(1, run.status());
    assertTrue(run.err().contains("apt install maven"), run::err);
  }

  @Test
  void jdkAskedForByNameMustBeNewEnough() throws Exception {
    jdk = pretendedJdk("jdk 21", "21.0.4");
    Run run = launch();
    assertEquals(1, run.status());
    assertTrue(run.err().contains("jdk 21 is not a JDK 25 or newer"), run::err);
  }

  @Test
  void lockOfADeadLaunchIsTakenOver() throws Exception {
    Process dead = new ProcessBuilder("true").start();
    dead.waitFor();
    Files.createDirectories(repository.resolve("target"));
    Files.createSymbolicLink(
        repository.resolve("target/launcher.lock"), Path.of(Long.toString(dead.pid())));
    assertEquals(7, launch().status());
    assertEquals(1, builds().size());
  }

  private Run launch(String... arguments) throws Exception {
    return run(repository, repository.resolve("rotatekv"), arguments);
  }

  private Run run(Path folder, Path program, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("ROTATEKV_JAVA_HOME", jdk.toString());
    builder.environment().keySet().removeAll(List.of("LANG", "LC_CTYPE"));
    builder.environment().put("LC_ALL", locale);
    builder.environment().put("PATH", bin + ":" + systemTools());
    Path err = temp.resolve("err.txt");
    Process process = builder.redirectError(err.toFile()).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), out, Files.readString(err));
  }

  // The system's tools but for its Maven. Not links, which JUnit's cleaning warns of.
  private String systemTools() throws IOException {
    Path tools = Files.createDirectories(temp.resolve("tools"));
    for (String tool : TOOLS) {
      Path system = Path.of(Files.exists(Path.of("/usr/bin", tool)) ? "/usr/bin" : "/bin", tool);
      script(tools.resolve(tool), "#!/bin/bash\nexec %s \"$@\"\n".formatted(system));
    }
    return tools.toString();
  }

  private Path pretendedJdk(String name, String version) throws IOException {
    Path home = temp.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    script(home.resolve("bin/javac"), "#!/bin/bash\n");
    script(home.resolve("bin/java"), "#!/bin/bash\nprintf '%s|' \"$@\"\necho\nexit 7\n");
    return home;
  }

  private Path source(String name) throws IOException {
    Path file = repository.resolve(name);
    Files.createDirectories(file.toAbsolutePath().getParent());
    return Files.writeString(file, "");
  }

  private List<String> builds() throws IOException {
    return Files.readAllLines(repository.resolve("builds.txt"));
  }

  private static void script(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
