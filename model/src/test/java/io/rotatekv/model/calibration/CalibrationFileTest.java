package io.rotatekv.model.calibration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CalibrationFileTest {

  private static final Calibration CALIBRATION =
      new Calibration(
          "tiny",
          "00ff",
          "sample.txt 0123456789abcdef",
          64,
          new KvShape(1, 1, 16),
          List.of(new LayerCalibration(new float[16], 1, 2, 3, 4, 5, new float[136])),
          null);

  @TempDir Path folder;

  @Test
  void whatIsWrittenIsReadAgain() {
    Path file = folder.resolve("a.calibration");
    CalibrationFile.write(CALIBRATION, file);
    Calibration read = CalibrationFile.read(file);
    assertArrayEquals(CALIBRATION.fingerprint(), read.fingerprint());
    assertEquals(CALIBRATION.text(), read.text());
    assertEquals(CALIBRATION.tokens(), read.tokens());
  }

  @Test
  void anAlteredFigureIsSeen() throws IOException {
    Path file = folder.resolve("a.calibration");
    CalibrationFile.write(CALIBRATION, file);
    String text = Files.readString(file);
    Files.writeString(file, text.replace("\"keyRange\":1.0", "\"keyRange\":1.5"));
    assertRefused("was altered", file);
  }

  @Test
  void aMissingFileAndOneOfAnotherKindSayWhatToDo() throws IOException {
    assertRefused("make one with 'rotatekv calibrate'", folder.resolve("absent"));
    Path text = Files.writeString(folder.resolve("notes.txt"), "not JSON");
    assertRefused("is not a calibration artifact", text);
  }

  @Test
  void aPlaceThatCannotBeWrittenToIsRefused() throws IOException {
    Path missing = folder.resolve("no such folder").resolve("a.calibration");
    assertThrows(CalibrationException.class, () -> CalibrationFile.requireWritable(missing));
    assertThrows(CalibrationException.class, () -> CalibrationFile.write(CALIBRATION, missing));
    assertThrows(CalibrationException.class, () -> CalibrationFile.requireWritable(folder));
    CalibrationFile.requireWritable(folder.resolve("a.calibration"));
    // A folder in the place of the file: the write fails, and leaves nothing half-written behind.
    Files.createDirectories(folder.resolve("b.calibration").resolve("c"));
    assertThrows(
        CalibrationException.class,
        () -> CalibrationFile.write(CALIBRATION, folder.resolve("b.calibration")));
    try (var files = Files.list(folder)) {
      assertEquals(List.of(folder.resolve("b.calibration")), files.toList());
    }
  }

  private static void assertRefused(String what, Path file) {
    CalibrationException refusal =
        assertThrows(CalibrationException.class, () -> CalibrationFile.read(file));
    assertTrue(String.valueOf(refusal.getMessage()).contains(what), refusal::getMessage);
  }
}
