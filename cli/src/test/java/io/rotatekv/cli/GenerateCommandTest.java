package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.rotatekv.proto.GrpcServers;
import io.rotatekv.proto.RunningServer;
import io.rotatekv.proto.ServerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GenerateCommandTest {

  @TempDir Path folder;
  private RunningServer server;

  @BeforeEach
  void startServer() {
    server = GrpcServers.start(ServerOptions.of("127.0.0.1", 0), List.of(new EchoDecode()));
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void streamsTheTextAlone() {
    CommandRun run = generate("--prompt", "one two three");
    assertEquals(0, run.status(), run::err);
    assertEquals("one two three \n", run.out());
    assertEquals("", run.err());
  }

  @Test
  void limitsTokens() {
    assertEquals("one two \n", generate("--prompt", "one two three", "--max-tokens", "2").out());
  }

  @Test
  void readsThePromptFromAFile() throws IOException {
    Path file = Files.writeString(folder.resolve("p.txt"), "från fil");
    assertEquals("från fil \n", generate("--prompt-file", file.toString()).out());
  }

  @Test
  void jsonHoldsTextAndFigures() throws IOException {
    CommandRun run = generate("--prompt", "one two three", "--json");
    JsonNode json = new ObjectMapper().readTree(run.out());
    assertEquals("one two three ", json.get("text").asText());
    assertEquals("LENGTH", json.get("finish_reason").asText());
    assertEquals(2.0, json.get("decode_tok_s").asDouble());
    assertEquals(2.0, json.get("avg_bits").asDouble());
    assertEquals(30, json.get("blocks_put").asInt());
  }

  @Test
  void warningsGoToStandardErrorAndTheAnswerCounts() {
    CommandRun run = generate("--prompt", EchoDecode.WITH_WARNING);
    assertEquals(0, run.status());
    assertEquals("rotatekv: the store could not be reached\n", run.err());
  }

  @Test
  void refusedRequestSaysWhyAndWhatToDo() {
    CommandRun run = generate("--prompt", EchoDecode.TOO_LONG);
    assertEquals(1, run.status());
    assertEquals(
        """
        rotatekv: %s: 9 tokens do not fit the context of 8 (INVALID_ARGUMENT)
          shorten the prompt, or ask for fewer --max-tokens
        """
            .formatted(server.address()),
        run.err());
  }

  @Test
  void nobodyListeningSaysHowToStartACluster() {
    String address = server.address();
    server.close();
    CommandRun run = CommandRun.of("generate", "--target", address, "--prompt", "x");
    assertEquals(1, run.status());
    assertTrue(run.err().contains("cannot be reached: "), run::err);
    assertTrue(run.err().contains("Connection refused"), run::err);
    assertTrue(run.err().contains("(UNAVAILABLE)"), run::err);
    assertTrue(run.err().contains("'rotatekv up' starts a cluster"), run::err);
  }

  @Test
  void anotherKindOfServerIsToldApartFromAFault() throws IOException {
    HttpServer http =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.start();
    try {
      String address = "127.0.0.1:" + http.getAddress().getPort();
      CommandRun run = CommandRun.of("generate", "--target", address, "--prompt", "x");
      assertEquals(1, run.status());
      assertTrue(run.err().contains("this is no decode node"), run::err);
    } finally {
      http.stop(0);
    }
  }

  @Test
  void promptFileThatIsNotUtf8IsRefused() throws IOException {
    Path file = Files.write(folder.resolve("p.bin"), new byte[] {'a', (byte) 0xff});
    CommandRun run = generate("--prompt-file", file.toString());
    assertEquals(1, run.status());
    assertTrue(run.err().contains("p.bin is not valid UTF-8"), run::err);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--prompt", "--system"})
  void argumentsWithBytesThatAreNoTextAreRefused(String option) {
    CommandRun run = generate(option, "caf\ufffd");
    assertEquals(2, run.status());
    assertTrue(run.err().contains(option + " holds bytes that are no text"), run::err);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--prompt x --prompt-file y",
        "--prompt x --raw --system s",
        "--prompt x --max-tokens 0",
        "--prompt x --timeout soon",
        "--prompt x --temperature warm"
      })
  void wrongUsageExits2(String arguments) {
    CommandRun run = generate(arguments.split(" ", -1));
    assertEquals(2, run.status(), run::err);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "localhost", "localhost:port", ":::"})
  void targetMustBeHostAndPort(String target) {
    CommandRun run = CommandRun.of("generate", "--target", target, "--prompt", "x");
    assertEquals(2, run.status());
    assertTrue(run.err().contains("is not HOST:PORT"), run::err);
  }

  private CommandRun generate(String... arguments) {
    return CommandRun.of(
        Stream.concat(Stream.of("generate", "--target", server.address()), Stream.of(arguments))
            .toArray(String[]::new));
  }
}
