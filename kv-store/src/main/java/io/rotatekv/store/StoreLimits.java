package io.rotatekv.store;

import java.time.Duration;

/**
 * What bounds a store beside its capacity.
 *
 * @param highWatermark share of the capacity, 0 to 1; more in use starts eviction in the
 *     background; 0.95 by default
 * @param lowWatermark share at which it stops; 0.90 by default
 * @param maxPin the longest time that a pin is granted; 10 minutes by default
 * @param maxPinned share of the capacity, and of each tenant's quota, that pins may hold; 0.5 by
 *     default
 * @param maxPuts puts that may be open at a time; 1,024 by default
 * @param maxInFlightBytes bound on the bytes that the streams of all gets may have in buffers; 256
 *     MiB by default
 */
public record StoreLimits(
    double highWatermark,
    double lowWatermark,
    Duration maxPin,
    double maxPinned,
    int maxPuts,
    long maxInFlightBytes) {

  /** The defaults above. */
  public static final StoreLimits DEFAULTS =
      new StoreLimits(0.95, 0.90, Duration.ofMinutes(10), 0.5, 1024, 256L << 20);

  private static final long MIN_IN_FLIGHT_BYTES = 16L << 20;

  public StoreLimits {
    require(
        0 < lowWatermark && lowWatermark <= highWatermark && highWatermark <= 1,
        "watermarks must have 0 < low <= high <= 1, got %s and %s"
            .formatted(lowWatermark, highWatermark));
    require(!maxPin.isNegative(), "maxPin must not be negative, got " + maxPin);
    require(maxPinned >= 0 && maxPinned <= 1, "maxPinned must be 0 to 1, got " + maxPinned);
    require(maxPuts >= 1, "maxPuts must be at least 1, got " + maxPuts);
    require(
        maxInFlightBytes >= MIN_IN_FLIGHT_BYTES,
        "maxInFlightBytes must be at least %d, the longest message, got %d"
            .formatted(MIN_IN_FLIGHT_BYTES, maxInFlightBytes));
  }

  /** The same with other watermarks, as shares of the capacity. */
  public StoreLimits withWatermarks(double low, double high) {
    return new StoreLimits(high, low, maxPin, maxPinned, maxPuts, maxInFlightBytes);
  }

  /** The same with another bound on open puts. */
  public StoreLimits withMaxPuts(int puts) {
    return new StoreLimits(highWatermark, lowWatermark, maxPin, maxPinned, puts, maxInFlightBytes);
  }

  /** The same with another bound on the bytes in buffers. */
  public StoreLimits withMaxInFlight(long bytes) {
    return new StoreLimits(highWatermark, lowWatermark, maxPin, maxPinned, maxPuts, bytes);
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
