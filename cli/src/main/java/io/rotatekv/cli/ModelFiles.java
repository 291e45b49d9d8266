package io.rotatekv.cli;

import io.rotatekv.cli.console.FetchProgress;
import io.rotatekv.model.fetch.ModelFetcher;
import java.io.PrintWriter;
import java.nio.file.Path;

/** Where a model lies, after fetching it if it is one that has a name. */
final class ModelFiles {

  private ModelFiles() {}

  /**
   * The path of a model.
   *
   * @param err takes the progress
   * @throws io.rotatekv.model.ModelException if there is none or it cannot be fetched
   */
  static Path fetch(String nameOrPath, PrintWriter err) {
    try (FetchProgress progress = new FetchProgress(err)) {
      return ModelFetcher.of(System.getenv()).fetch(nameOrPath, progress);
    }
  }
}
