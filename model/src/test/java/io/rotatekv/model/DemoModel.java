package io.rotatekv.model;

import io.rotatekv.model.fetch.ModelFetcher;
import io.rotatekv.model.fetch.ProgressListener;

/** The demo's model, fetched the way the demo fetches it. */
final class DemoModel {

  private DemoModel() {}

  static Model open() {
    return Models.open(
        ModelFetcher.of(System.getenv()).fetch("smollm2-135m", ProgressListener.NONE));
  }
}
