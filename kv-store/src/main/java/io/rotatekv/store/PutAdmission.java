package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.time.Duration;
import java.time.InstantSource;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Admits puts, gives them what they write to, and ends those that are silent, superseded, or open
 * when the store closes.
 */
final class PutAdmission {

  /** When a refused put may try again where nothing better is known. */
  private static final Duration RETRY_SOON = Duration.ofMillis(200);

  private static final Logger log = LoggerFactory.getLogger(PutAdmission.class);

  private final StoreConfig config;
  private final InstantSource clock;
  private final Pages pages;
  private final SetIndex index;
  private final PagePool pool;
  private final Tenants tenants;
  private final Counters counters;
  private final AtomicLong nextId;
  private final PutRegistry puts = new PutRegistry();
  private volatile boolean closed;

  /**
   * No put is open.
   *
   * @param nextId the id of the next set; no set in the pages has it or a later one
   */
  PutAdmission(
      StoreConfig config,
      InstantSource clock,
      Pages pages,
      SetIndex index,
      PagePool pool,
      Tenants tenants,
      Counters counters,
      long nextId) {
    this.config = config;
    this.clock = clock;
    this.pages = pages;
    this.index = index;
    this.pool = pool;
    this.tenants = tenants;
    this.counters = counters;
    this.nextId = new AtomicLong(nextId);
  }

  /** As {@link BlockStore#beginPut}. */
  OpenPut begin(PutSpec spec) {
    if (closed) {
      throw new ServiceException(ErrorReason.ERROR_REASON_DRAINING, "the store is closing");
    }
    if (Manifest.bytes(spec.namespace(), spec.layers()) >= config.pageBytes()) {
      throw ServiceException.invalid(
          "the manifest of %d layers does not fit a page of %d bytes; raise the store's pageBytes"
              .formatted(spec.layers(), config.pageBytes()));
    }
    if (puts.size() >= config.limits().maxPuts()) {
      throw overloaded("%d puts are open, as many as store.max-puts allows".formatted(puts.size()));
    }
    TenantUsage tenant = tenants.storing(spec.namespace().tenant());
    PagedPut put =
        new PagedPut(this, spec, new PutRoom(pool, tenant), presentSets(spec), clock.millis());
    for (PagedPut superseded : puts.admit(put, spec.producer(), spec.generation())) {
      superseded.abandon(
          new ServiceException(
              ErrorReason.ERROR_REASON_STALE_GENERATION,
              "a later generation of producer %s has begun to put".formatted(spec.producer())));
    }
    return put;
  }

  /** Ends puts whose producer has been silent for too long. */
  void reclaim() {
    long silentSince = clock.millis() - config.putTimeout().toMillis();
    for (PagedPut put : puts.matching(open -> open.activeAt() <= silentSince)) {
      log.warn("reclaiming a put of {}: silent for {}", put.spec().producer(), config.putTimeout());
      put.abandon(
          new ServiceException(
              ErrorReason.ERROR_REASON_PUT_EXPIRED,
              "the put was silent for %s and has been reclaimed".formatted(config.putTimeout())));
    }
  }

  /** Ends all puts and admits none any more. */
  void close() {
    closed = true;
    for (PagedPut put : puts.matching(open -> true)) {
      put.abandon(new ServiceException(ErrorReason.ERROR_REASON_DRAINING, "the store is closing"));
    }
  }

  /** Puts that are open. */
  int size() {
    return puts.size();
  }

  long now() {
    return clock.millis();
  }

  SetIndex index() {
    return index;
  }

  Counters counters() {
    return counters;
  }

  /** Opens the writer of one set of a put. */
  SetWriter openSet(PutSpec spec, int setIndex, PutRoom room) {
    return new SetWriter(
        nextId.getAndIncrement(),
        spec.sets().get(setIndex),
        spec.namespace(),
        spec.layers(),
        pages,
        room);
  }

  void ended(PagedPut put) {
    puts.remove(put);
  }

  private ServiceException overloaded(String what) {
    return counters.refused(
        new ServiceException(ErrorReason.ERROR_REASON_OVERLOADED, what + "; retry", RETRY_SOON));
  }

  private BitSet presentSets(PutSpec spec) {
    BitSet present = new BitSet();
    for (int set = 0; set < spec.sets().size(); set++) {
      SetIndex.Lookup lookup = index.use(spec.namespace(), spec.sets().get(set).key(), now());
      present.set(set, lookup.set() != null);
      if (lookup.reason() == MissReason.MISS_REASON_CODEC_MISMATCH) {
        throw new ServiceException(
            ErrorReason.ERROR_REASON_CODEC_MISMATCH,
            "set %d is stored under another model or codec: the keys' chain does not cover both"
                .formatted(set));
      }
    }
    return present;
  }
}
