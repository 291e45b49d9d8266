package io.rotatekv.cli;

import io.rotatekv.model.fetch.ProgressListener;

/** Prompts of some blocks, written for these tests. */
final class TestPrompts {

  /** About 200 tokens. */
  static final String STORY =
      """
      The harbour master kept two logs. In the first he wrote what every ship declared: timber from \
      the north, salt from the southern pans, wool in bales of forty pounds, and now and then a crate \
      of clocks packed in straw. In the second, which he showed to nobody, he wrote what he believed \
      the ships were really carrying. For thirty years the two books agreed. Then, on a wet morning \
      in April, a small grey schooner came in under a torn sail, and her captain declared an empty \
      hold. The harbour master looked at how low she lay in the water, at the gulls that would not \
      settle on her rigging, and at the captain's clean hands. He opened the first log and wrote down \
      the word "nothing". He opened the second log, held the pen over the page for a long time, and \
      then wrote\
      """;

  static final ProgressListener NO_PROGRESS = ProgressListener.NONE;

  private TestPrompts() {}
}
