package io.rotatekv.eval.report;

import io.rotatekv.eval.run.EvalException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The font of charts: Roboto, out of a jar, so that they look alike everywhere and need no font of
 * the machine, nor its fontconfig, without which AWT would not even load a font from a file.
 */
final class ChartFont {

  /** Names a file that says which fonts there are, read when AWT first needs one. */
  private static final String PROPERTY = "sun.awt.fontconfig";

  private static final String RESOURCES = "com/formdev/flatlaf/fonts/roboto/";
  private static final List<String> WEIGHTS = List.of("Roboto-Regular", "Roboto-Bold");
  private static final List<String> FAMILIES =
      List.of("serif", "sansserif", "monospaced", "dialog", "dialoginput");

  private ChartFont() {}

  /**
   * Lets AWT draw with it from now on, unless AWT was told of other fonts, or has drawn before.
   *
   * @throws EvalException if the font cannot be unpacked
   */
  static synchronized void use() {
    if (System.getProperty(PROPERTY) != null) {
      return;
    }
    try {
      System.setProperty(PROPERTY, unpack().toString());
    } catch (IOException e) {
      throw new EvalException(
          "the font of charts cannot be unpacked: %s; let the folder %s be writable"
              .formatted(e.getMessage(), System.getProperty("java.io.tmpdir")),
          e);
    }
  }

  private static Path unpack() throws IOException {
    Path folder = Files.createTempDirectory("rotatekv-font");
    folder.toFile().deleteOnExit();
    StringBuilder config = new StringBuilder("version=1\nsequence.allfonts=latin\n");
    for (String weight : WEIGHTS) {
      Path file = temporary(folder, weight + ".ttf");
      ClassLoader loader = ChartFont.class.getClassLoader();
      try (InputStream font = loader.getResourceAsStream(RESOURCES + weight + ".ttf")) {
        if (font == null) {
          throw new IOException(weight + " is not on the class path");
        }
        Files.copy(font, file);
      }
      config.append("filename.%s=%s%n".formatted(weight, file));
    }
    for (String family : FAMILIES) {
      config.append("%s.plain.latin=%s%n".formatted(family, WEIGHTS.getFirst()));
      config.append("%s.italic.latin=%s%n".formatted(family, WEIGHTS.getFirst()));
      config.append("%s.bold.latin=%s%n".formatted(family, WEIGHTS.getLast()));
      config.append("%s.bolditalic.latin=%s%n".formatted(family, WEIGHTS.getLast()));
    }
    return Files.writeString(temporary(folder, "fontconfig.properties"), config);
  }

  private static Path temporary(Path folder, String name) {
    Path file = folder.resolve(name);
    file.toFile().deleteOnExit();
    return file;
  }
}
