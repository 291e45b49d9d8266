package io.rotatekv.store;

import io.rotatekv.proto.ServerOptions;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A store node's configuration.
 *
 * @param host where it listens; 127.0.0.1 by default
 * @param port 0 (the default) picks a free one
 * @param capacityBytes bytes of all pages, which bounds what is stored; 1 GiB by default. The
 *     mapped memory or file is less than 1 % larger.
 * @param file where the store persists, survives restarts and crashes, and is allocated in full at
 *     the start; null (the default) keeps it in memory off the heap
 * @param pageBytes bytes of a page, 4 KiB to 16 MiB; 64 KiB by default. A block set wastes half a
 *     page on average, and its manifest (8 bytes a layer and some hundred) must fit into one.
 * @param lease how long a set is safe from eviction after it was put or read; 5 s by default
 * @param putTimeout how long a put may be silent before it is reclaimed; 30 s by default
 * @param timeToLive how long a set lives after it was last put or read; zero (the default) for ever
 * @param drain how long running calls may go on at the stop; 10 s by default
 * @param tenants who may use the store, and how much of it; anybody by default
 * @param limits watermarks, and bounds on pins, puts and buffers
 */
public record StoreConfig(
    String host,
    int port,
    long capacityBytes,
    @Nullable Path file,
    int pageBytes,
    Duration lease,
    Duration putTimeout,
    Duration timeToLive,
    Duration drain,
    TenantQuotas tenants,
    StoreLimits limits) {

  private static final int MIN_PAGE_BYTES = 4 << 10;
  private static final int MAX_PAGE_BYTES = 16 << 20;
  private static final int MIN_PAGES = 4;

  /** Chronicle Map's bound on the entries of a segment. */
  private static final long MAX_PAGES = 1 << 29;

  public StoreConfig {
    require(
        pageBytes >= MIN_PAGE_BYTES && pageBytes <= MAX_PAGE_BYTES && pageBytes % 64 == 0,
        "pageBytes must be a multiple of 64 from 4096 to 16777216, got " + pageBytes);
    require(
        capacityBytes >= (long) MIN_PAGES * pageBytes && capacityBytes / pageBytes <= MAX_PAGES,
        "capacityBytes must be %d to %d pages of %d bytes, got %d"
            .formatted(MIN_PAGES, MAX_PAGES, pageBytes, capacityBytes));
    require(!lease.isNegative(), "lease must not be negative, got " + lease);
    require(putTimeout.isPositive(), "putTimeout must be positive, got " + putTimeout);
    require(!timeToLive.isNegative(), "timeToLive must not be negative, got " + timeToLive);
    new ServerOptions(host, port, drain);
  }

  /** The defaults above. */
  public static StoreConfig defaults() {
    return new StoreConfig(
        "127.0.0.1",
        0,
        1L << 30,
        null,
        64 << 10,
        Duration.ofSeconds(5),
        Duration.ofSeconds(30),
        Duration.ZERO,
        ServerOptions.DEFAULT_DRAIN,
        TenantQuotas.OPEN,
        StoreLimits.DEFAULTS);
  }

  /** The same with another capacity in bytes. */
  public StoreConfig withCapacity(long bytes) {
    return new StoreConfig(
        host, port, bytes, file, pageBytes, lease, putTimeout, timeToLive, drain, tenants, limits);
  }

  /** The same, persisted to a file, or in memory where it is null. */
  public StoreConfig withFile(@Nullable Path path) {
    return new StoreConfig(
        host,
        port,
        capacityBytes,
        path,
        pageBytes,
        lease,
        putTimeout,
        timeToLive,
        drain,
        tenants,
        limits);
  }

  /** The same with pages of another size. */
  public StoreConfig withPageBytes(int bytes) {
    return new StoreConfig(
        host,
        port,
        capacityBytes,
        file,
        bytes,
        lease,
        putTimeout,
        timeToLive,
        drain,
        tenants,
        limits);
  }

  /** The same with another lease. */
  public StoreConfig withLease(Duration time) {
    return new StoreConfig(
        host,
        port,
        capacityBytes,
        file,
        pageBytes,
        time,
        putTimeout,
        timeToLive,
        drain,
        tenants,
        limits);
  }

  /** The same with another time to live. */
  public StoreConfig withTimeToLive(Duration time) {
    return new StoreConfig(
        host,
        port,
        capacityBytes,
        file,
        pageBytes,
        lease,
        putTimeout,
        time,
        drain,
        tenants,
        limits);
  }

  /** The same on another address. */
  public StoreConfig withAddress(String newHost, int newPort) {
    return new StoreConfig(
        newHost,
        newPort,
        capacityBytes,
        file,
        pageBytes,
        lease,
        putTimeout,
        timeToLive,
        drain,
        tenants,
        limits);
  }

  /** The same for other tenants. */
  public StoreConfig withTenants(TenantQuotas quotas) {
    return new StoreConfig(
        host,
        port,
        capacityBytes,
        file,
        pageBytes,
        lease,
        putTimeout,
        timeToLive,
        drain,
        quotas,
        limits);
  }

  /** The same with other limits. */
  public StoreConfig withLimits(StoreLimits bounds) {
    return new StoreConfig(
        host,
        port,
        capacityBytes,
        file,
        pageBytes,
        lease,
        putTimeout,
        timeToLive,
        drain,
        tenants,
        bounds);
  }

  long pages() {
    return capacityBytes / pageBytes;
  }

  ServerOptions server() {
    return new ServerOptions(host, port, drain);
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
