package io.rotatekv.model.fetch;

import io.rotatekv.model.ModelException;
import java.nio.file.Path;

/** Gets a package's wheel from where packages come from. */
@FunctionalInterface
interface PackageDownloader {

  /**
   * Downloads the wheel of a model's package.
   *
   * @param folder an empty folder to put it in
   * @return the wheel
   * @throws ModelException if it cannot be had
   */
  Path download(NamedModel model, Path folder, ProgressListener progress);
}
