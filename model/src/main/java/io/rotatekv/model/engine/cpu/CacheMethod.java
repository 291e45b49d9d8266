package io.rotatekv.model.engine.cpu;

/**
 * A way of storing keys and values that is only evaluated, not served: it sees a layer of a whole
 * prompt at once, as the evaluations of the papers do, and says what attention reads instead.
 */
@FunctionalInterface
public interface CacheMethod {

  /** Stores everything as it is. */
  CacheMethod EXACT =
      window ->
          new StoredLayer(
              window.rotated(window.keys()),
              window.values(),
              StoredLayer.Recent.NONE,
              window.elements() * Short.SIZE);

  /**
   * Stores one layer. Called layer by layer on the engine's thread, which may run loops on the
   * engine's team meanwhile.
   *
   * @param window what the layer computed; its arrays are not to be changed
   */
  StoredLayer store(LayerWindow window);
}
