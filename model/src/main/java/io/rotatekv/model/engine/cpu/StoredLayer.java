package io.rotatekv.model.engine.cpu;

/**
 * What attention reads of one layer instead of the exact keys and values.
 *
 * @param keys keys after RoPE, {@code (tokens, kvDim)}
 * @param values values in the model's basis, {@code (tokens, kvDim)}
 * @param recent which tokens a query reads exactly all the same
 * @param bits all that a cache of these tokens takes: codes, scales, zeros, indices, and what is
 *     kept in full precision
 */
@SuppressWarnings("ArrayRecordComponent") // A bundle that attention reads, never compared.
public record StoredLayer(float[] keys, float[] values, Recent recent, long bits) {

  /**
   * A window of recent tokens in full precision, as methods that quantize late have it: the query
   * at position t reads the tokens before a boundary as stored and those from it to t exactly.
   */
  public interface Recent {

    /** No token is read exactly. */
    Recent NONE =
        new Recent() {
          @Override
          public int keysFrom(int position) {
            return position + 1;
          }

          @Override
          public int valuesFrom(int position) {
            return position + 1;
          }
        };

    /** First token whose key the query at {@code position} reads exactly. */
    int keysFrom(int position);

    /** First token whose value the query at {@code position} reads exactly. */
    int valuesFrom(int position);
  }
}
