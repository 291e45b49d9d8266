package io.rotatekv.eval.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * The finished items of one measurement, in a file of one line each, whose first line is the key in
 * clear. A line that a kill cut off does not count; of two lines for one item the last does.
 */
final class Journal<T> implements AutoCloseable {

  private static final int NAME_DIGITS = 16;

  private final ObjectMapper json = new ObjectMapper();
  private final Path file;
  private final Class<T> type;
  private final String key;
  private final FileChannel channel;

  private Journal(Path file, Class<T> type, String key) throws IOException {
    this.file = file;
    this.type = type;
    this.key = key;
    this.channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /** Opens the journal of a key, and makes the folder where it is missing. */
  static <T> Journal<T> open(Path folder, RunKey key, Class<T> type) {
    Path file = folder.resolve(key.hash().substring(0, NAME_DIGITS) + ".jsonl");
    try {
      Files.createDirectories(folder);
      return new Journal<>(file, type, key.text());
    } catch (IOException e) {
      throw new EvalException(
          "cannot write the state file %s; name another folder with --state".formatted(file), e);
    }
  }

  /** The items that were finished before, by number. */
  Map<Integer, T> finished() {
    Map<Integer, T> finished = new TreeMap<>();
    try {
      for (String line : Files.readAllLines(file)) {
        read(line, finished);
      }
    } catch (IOException e) {
      throw new EvalException(
          "cannot read the state file %s; --fresh does without".formatted(file), e);
    }
    return finished;
  }

  private void read(String line, Map<Integer, T> finished) {
    try {
      JsonNode node = json.readTree(line);
      if (node.has("item")) {
        finished.put(node.get("item").asInt(), json.treeToValue(node.get("result"), type));
      }
    } catch (JsonProcessingException _) {
      // Cut off by a kill: the item is measured again.
    }
  }

  /** Adds a finished item; whole lines only reach the file. */
  synchronized void add(int item, T result) {
    ObjectNode line = json.createObjectNode();
    line.put("item", item);
    line.set("result", json.valueToTree(result));
    try {
      if (channel.size() == 0) {
        append(key + "\n");
      }
      // What a kill cut off must not swallow this line.
      append(endsALine() ? line + "\n" : "\n" + line + "\n");
    } catch (IOException e) {
      throw new EvalException(
          "cannot write the state file %s; name another folder with --state".formatted(file), e);
    }
  }

  private boolean endsALine() throws IOException {
    try (FileChannel reader = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer last = ByteBuffer.allocate(1);
      reader.read(last, reader.size() - 1);
      return last.get(0) == '\n';
    }
  }

  private void append(String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new EvalException("cannot close the state file " + file, e);
    }
  }
}
