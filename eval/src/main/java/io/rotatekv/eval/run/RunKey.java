package io.rotatekv.eval.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Everything that a measurement's results depend on. Results are taken up again only under an equal
 * key, so a missing part would pass stale figures off as new ones.
 *
 * @param parts in the order given
 */
public record RunKey(Map<String, Object> parts) {

  public RunKey {
    parts = new LinkedHashMap<>(parts);
  }

  /** A key of one evaluation, to be completed. */
  public static RunKey of(String eval) {
    return new RunKey(Map.of("eval", eval));
  }

  /** This key and one part more; numbers, strings and booleans only. */
  public RunKey with(String name, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(parts);
    more.put(name, value);
    return new RunKey(more);
  }

  /** As one line of JSON. */
  public String text() {
    try {
      return new ObjectMapper().writeValueAsString(parts);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a key of strings and numbers can be written", e);
    }
  }

  /** SHA-256 of {@link #text}, in hexadecimal digits. */
  public String hash() {
    try {
      byte[] text = text().getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
