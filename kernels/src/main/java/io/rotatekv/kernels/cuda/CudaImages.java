package io.rotatekv.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * The compiled kernels, resources beside this class that {@code kernels/src/main/cuda/build} makes.
 *
 * <p>An image holds machine code for Hopper and PTX for the other cards; the driver takes what
 * fits.
 */
final class CudaImages {

  private CudaImages() {}

  /**
   * The image of {@code name.cu}.
   *
   * @throws IllegalArgumentException if there is none
   */
  static byte[] find(String name) {
    try (InputStream in = CudaImages.class.getResourceAsStream(name + ".fatbin")) {
      if (in == null) {
        throw new IllegalArgumentException(
            "there is no image of %s.cu; run kernels/src/main/cuda/build".formatted(name));
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the image of %s.cu".formatted(name), e);
    }
  }
}
