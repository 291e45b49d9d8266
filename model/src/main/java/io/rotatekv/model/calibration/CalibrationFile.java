package io.rotatekv.model.calibration;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Reads and writes the calibration artifact: one JSON object that carries its own fingerprint. */
public final class CalibrationFile {

  private static final int FORMAT = 2;

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private CalibrationFile() {}

  /** The artifact as it stands in the file. */
  private record Content(
      int format,
      String fingerprint,
      String model,
      String modelFingerprint,
      String text,
      int tokens,
      KvShape shape,
      List<Layer> layers,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Gate gate) {}

  /** A layer's figures, its matrices as FP16 in base 64. */
  @SuppressWarnings("ArrayRecordComponent") // Only ever read and written.
  private record Layer(
      float[] keyMean,
      float keyRange,
      float keyDeviation,
      float valueRange,
      float valueDeviation,
      float sinkThreshold,
      byte[] keyImportance) {

    static Layer of(LayerCalibration layer) {
      return new Layer(
          layer.keyMean(),
          layer.keyRange(),
          layer.keyDeviation(),
          layer.valueRange(),
          layer.valueDeviation(),
          layer.sinkThreshold(),
          Halves.bytes(layer.keyImportance()));
    }

    LayerCalibration calibration() {
      return new LayerCalibration(
          keyMean,
          keyRange,
          keyDeviation,
          valueRange,
          valueDeviation,
          sinkThreshold,
          Halves.numbers(keyImportance));
    }
  }

  /**
   * Reads an artifact.
   *
   * @throws CalibrationException if it is missing, unreadable or altered, with the cure
   */
  public static Calibration read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return read(in, file.toString());
    } catch (NoSuchFileException e) {
      throw new CalibrationException(
          "no calibration at %s; make one with 'rotatekv calibrate'".formatted(file), e);
    } catch (IOException e) {
      throw new CalibrationException(
          "cannot read calibration %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  static Calibration read(InputStream in, String name) throws IOException {
    Content content;
    try {
      content = JSON.readValue(in, Content.class);
    } catch (JsonProcessingException e) {
      throw new CalibrationException(
          "%s is not a calibration artifact: %s".formatted(name, e.getOriginalMessage()), e);
    }
    if (content.format() != FORMAT) {
      throw new CalibrationException(
          "%s has calibration format %d, this version reads %d; calibrate again"
              .formatted(name, content.format(), FORMAT));
    }
    Calibration calibration =
        new Calibration(
            content.model(),
            content.modelFingerprint(),
            content.text(),
            content.tokens(),
            content.shape(),
            content.layers().stream().map(Layer::calibration).toList(),
            content.gate());
    String actual = HexFormat.of().formatHex(calibration.seal());
    if (!actual.equals(content.fingerprint())) {
      throw new CalibrationException(
          "%s was altered: its fingerprint is %s but it says %s; calibrate again"
              .formatted(name, actual, content.fingerprint()));
    }
    return calibration;
  }

  /**
   * Refuses, before hours of computing, a place where {@link #write} cannot work.
   *
   * @throws CalibrationException if the file's folder is missing or read-only
   */
  public static void requireWritable(Path file) {
    Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent());
    if (Files.isDirectory(file) || !Files.isWritable(folder)) {
      throw new CalibrationException(
          "cannot write a calibration to %s; name a file in a folder that exists and is writable"
              .formatted(file));
    }
  }

  /**
   * Writes an artifact, replacing the file as a whole.
   *
   * @throws CalibrationException if it cannot be written; then an older file is as it was
   */
  public static void write(Calibration calibration, Path file) {
    Content content =
        new Content(
            FORMAT,
            HexFormat.of().formatHex(calibration.seal()),
            calibration.model(),
            calibration.modelFingerprint(),
            calibration.text(),
            calibration.tokens(),
            calibration.shape(),
            calibration.layers().stream().map(Layer::of).toList(),
            calibration.gate());
    Path absolute = file.toAbsolutePath();
    Path partial = absolute.resolveSibling(absolute.getFileName() + ".partial");
    try {
      try {
        Files.write(partial, JSON.writeValueAsBytes(content));
        Files.move(partial, absolute, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(partial);
      }
    } catch (IOException e) {
      throw new CalibrationException(
          "cannot write calibration %s: %s; name a file in a folder that has room"
              .formatted(file, e.getMessage()),
          e);
    }
  }
}
