package io.rotatekv.model.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.rotatekv.model.ModelException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;

/** The Hugging Face tokenizer of DJL, kept off the network. */
final class NativeTokenizer implements AutoCloseable {

  // Without it DJL fetches a CUDA build of its library on GPU machines, and reports its use.
  private static final String OFFLINE = "ai.djl.offline";
  // DJL's defaults cut texts at 512 tokens.
  private static final Map<String, String> OPTIONS =
      Map.of("truncation", "do_not_truncate", "padding", "do_not_pad");

  private final HuggingFaceTokenizer tokenizer;

  private NativeTokenizer(HuggingFaceTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * Loads a tokenizer.
   *
   * @param json a {@code tokenizer.json} in UTF-8
   * @param origin where it is from, for messages
   * @throws ModelException if it is not valid, or the native library cannot be unpacked
   */
  static NativeTokenizer load(byte[] json, Object origin) {
    if (System.getProperty(OFFLINE) == null) {
      System.setProperty(OFFLINE, "true");
    }
    try {
      return new NativeTokenizer(
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), OPTIONS));
    } catch (IOException | RuntimeException e) {
      throw new ModelException(
          "%s: the tokenizer cannot be loaded: %s; fetch the model again"
              .formatted(origin, e.getMessage()),
          e);
    } catch (LinkageError e) {
      throw new ModelException(
          "the native tokenizer library cannot be loaded: %s; set DJL_CACHE_DIR to a folder that is"
                  .formatted(e.getMessage())
              + " writable and allows execution",
          e);
    }
  }

  int[] encode(String text, boolean addSpecialTokens) {
    long[] ids = tokenizer.encode(text, addSpecialTokens, false).getIds();
    return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
