package io.rotatekv.proto.stores;

import io.rotatekv.proto.ChainPut;
import io.rotatekv.proto.PutResult;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StoreClient;
import io.rotatekv.v1.ErrorReason;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One put to several stores at a time. A store that fails is dropped from it; the put fails with
 * the last of them. The stores take turns, so a silent one holds the others up once, for as long as
 * a put may be silent, and not at all when its breaker has opened.
 */
final class ReplicatedPut implements ChainPut {

  private static final Logger log = LoggerFactory.getLogger(ReplicatedPut.class);

  /** A store's part of the put. */
  private record Part(String target, ChainPut put) {}

  private final List<Part> parts = new ArrayList<>();
  private @Nullable ServiceException failure;

  private ReplicatedPut() {}

  static ReplicatedPut begin(List<StoreClient> stores, Function<StoreClient, ChainPut> begin) {
    ReplicatedPut put = new ReplicatedPut();
    for (StoreClient store : stores) {
      try {
        put.parts.add(new Part(store.target(), begin.apply(store)));
      } catch (ServiceException e) {
        put.failed(store.target(), e);
      }
    }
    put.requireOne();
    return put;
  }

  @Override
  public boolean isPresent(int keyIndex) {
    return parts.stream().allMatch(part -> part.put.isPresent(keyIndex));
  }

  @Override
  public int presentSets() {
    return parts.stream().mapToInt(part -> part.put.presentSets()).min().orElse(0);
  }

  @Override
  public void add(int keyIndex, int layer, MemorySegment block) {
    each(part -> part.put.add(keyIndex, layer, block));
  }

  @Override
  public void flush() {
    each(part -> part.put.flush());
  }

  /** Where any store commits; sets and bytes are those of the store that took most. */
  @Override
  public PutResult commit() {
    List<PutResult> results = new ArrayList<>();
    each(part -> results.add(part.put.commit()));
    return new PutResult(
        results.stream().mapToInt(PutResult::storedSets).max().orElse(0),
        results.stream().mapToLong(PutResult::storedBytes).max().orElse(0),
        results.stream().mapToInt(PutResult::duplicateSets).min().orElse(0),
        results.stream().mapToLong(PutResult::blocksSent).sum());
  }

  @Override
  public void close() {
    parts.forEach(part -> part.put.close());
  }

  private void each(Consumer<Part> step) {
    for (Part part : List.copyOf(parts)) {
      try {
        step.accept(part);
      } catch (ServiceException e) {
        parts.remove(part);
        part.put.close();
        failed(part.target, e);
      }
    }
    requireOne();
  }

  private void failed(String target, ServiceException e) {
    if (e.reason() == ErrorReason.ERROR_REASON_CANCELLED) {
      close();
      throw e;
    }
    log.warn("a put goes on without its replica at {}: {}", target, e.getMessage());
    failure = e;
  }

  private void requireOne() {
    if (parts.isEmpty()) {
      throw failure != null
          ? failure
          : new ServiceException(ErrorReason.ERROR_REASON_INTERNAL, "no store was asked");
    }
  }
}
