package io.rotatekv.store.redis;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The server's program for tests, unpacked where the machine has none. */
public final class RedisProgram {

  private RedisProgram() {}

  /** Asks {@code deploy/find-redis}; fails with what it says where there is none. */
  public static Path find() throws IOException, InterruptedException {
    Process script =
        new ProcessBuilder(Path.of("..", "deploy", "find-redis").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String path;
    try (InputStream output = script.getInputStream()) {
      path = new String(output.readAllBytes(), StandardCharsets.UTF_8).strip();
    }
    if (script.waitFor() != 0) {
      throw new IllegalStateException(
          "deploy/find-redis found no redis-server, and the tests of the Redis engine need one; its message is above");
    }
    return Path.of(path);
  }
}
