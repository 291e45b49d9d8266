package io.rotatekv.eval.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.calibration.Calibration;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WindowedTextTest {

  private static final EvalText TEXT = new EvalText("text", "ab", "");

  @TempDir Path folder;

  @Test
  void windowsDoNotOverlapAndLeaveTheRestOut() {
    int[] tokens = {1, 2, 3, 4, 5, 6, 7};
    WindowedText cut = WindowedText.of(TEXT, tokens, 3, 0);
    assertEquals(2, cut.windows().size());
    assertArrayEquals(new int[] {4, 5, 6}, cut.windows().get(1));
    assertEquals(1, WindowedText.of(TEXT, tokens, 3, 1).windows().size());
  }

  @Test
  void aTextShorterThanOneWindowIsRefused() {
    assertThrows(EvalException.class, () -> WindowedText.of(TEXT, new int[10], 11, 1));
  }

  @Test
  void aTextThatCalibrationSawIsNotScored() throws IOException {
    EvalText text = EvalText.read(Files.writeString(folder.resolve("a.txt"), "abc"));
    // SHA-256 of "abc", FIPS 180-2, appendix B.1.
    assertEquals("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", text.sha256());
    text.requireUnseen("rotatekv2", madeFrom("b.txt ba7816bf8f01cfeb"));
    EvalException refusal =
        assertThrows(
            EvalException.class,
            () -> text.requireUnseen("rotatekv2", madeFrom("b.txt ba7816bf8f01cfea")));
    assertEquals(
        "rotatekv2 was calibrated on a.txt, so its figures on this text would flatter it; score"
            + " another text, or calibrate on another with 'rotatekv calibrate'",
        refusal.getMessage());
  }

  @Test
  void bytesThatAreNoTextAreRefused() throws IOException {
    Path file = folder.resolve("latin1.txt");
    Files.write(file, "é".getBytes(StandardCharsets.ISO_8859_1));
    assertThrows(EvalException.class, () -> EvalText.read(file));
  }

  private static Calibration madeFrom(String text) {
    return new Calibration("tiny", "00", text, 64, new KvShape(1, 1, 16), List.of(), null);
  }
}
