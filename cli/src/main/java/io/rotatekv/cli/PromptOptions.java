package io.rotatekv.cli;

import io.rotatekv.cli.console.CommandException;
import io.rotatekv.v1.Chat;
import io.rotatekv.v1.ChatMessage;
import io.rotatekv.v1.GenerateRequest;
import java.io.Console;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Where the prompt comes from, and what it is. */
final class PromptOptions {

  private static final char REPLACEMENT = '\ufffd';

  @Option(names = "--prompt", paramLabel = "TEXT", description = "The prompt.")
  private @Nullable String text;

  @Option(
      names = "--prompt-file",
      paramLabel = "FILE",
      description = "Read the prompt from a UTF-8 file; without either, from standard input.")
  private @Nullable Path file;

  @Option(names = "--system", paramLabel = "TEXT", description = "System message of the chat.")
  private @Nullable String system;

  @Option(
      names = "--raw",
      description = "Continue the prompt as it is, without the model's chat template.")
  private boolean raw;

  void addTo(GenerateRequest.Builder request, CommandLine command) {
    if (text != null && file != null) {
      throw new ParameterException(command, "--prompt and --prompt-file exclude each other");
    }
    if (raw && system != null) {
      throw new ParameterException(command, "--raw has no chat, so no --system message");
    }
    requireUtf8(command, "--prompt", text);
    requireUtf8(command, "--system", system);
    String prompt = text != null ? text : read(command);
    if (prompt.isEmpty()) {
      throw new ParameterException(command, "the prompt is empty");
    }
    if (raw) {
      request.setPrompt(prompt);
      return;
    }
    Chat.Builder chat = Chat.newBuilder();
    if (system != null) {
      chat.addMessages(ChatMessage.newBuilder().setRole("system").setContent(system));
    }
    request.setChat(chat.addMessages(ChatMessage.newBuilder().setRole("user").setContent(prompt)));
  }

  // Java puts this character where the bytes of an argument are no text in the locale's encoding.
  private static void requireUtf8(CommandLine command, String option, @Nullable String argument) {
    if (argument != null && argument.indexOf(REPLACEMENT) >= 0) {
      throw new ParameterException(
          command,
          option
              + " holds bytes that are no text in this locale; run it with LC_ALL=C.UTF-8, or give"
              + " the prompt as UTF-8 by --prompt-file");
    }
  }

  private String read(CommandLine command) {
    if (file == null && isTerminal(System.console())) {
      throw new ParameterException(
          command, "no prompt: give --prompt or --prompt-file, or pipe it in");
    }
    if (file != null) {
      return Utf8Files.read(file);
    }
    try {
      return Utf8Files.decode("standard input", System.in.readAllBytes());
    } catch (IOException e) {
      throw new CommandException("cannot read standard input: " + e.getMessage(), "", e);
    }
  }

  private static boolean isTerminal(@Nullable Console console) {
    return console != null && console.isTerminal();
  }
}
