package io.rotatekv.store;

import io.rotatekv.proto.BlockBatches;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import java.nio.ByteBuffer;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * An open put. Its own lock orders the producer's calls with an end that comes from elsewhere: a
 * time-out, a later generation, the close of the store.
 */
final class PagedPut implements OpenPut {

  private final PutAdmission admission;
  private final PutSpec spec;
  private final PutRoom room;
  private final BitSet present;
  private final @Nullable SetWriter[] writers;
  private volatile long activeAt;
  private @Nullable ServiceException end;

  PagedPut(PutAdmission admission, PutSpec spec, PutRoom room, BitSet present, long now) {
    this.admission = admission;
    this.spec = spec;
    this.room = room;
    this.present = present;
    this.writers = new SetWriter[spec.sets().size()];
    this.activeAt = now;
  }

  PutSpec spec() {
    return spec;
  }

  /** When the producer was last heard of, in milliseconds. */
  long activeAt() {
    return activeAt;
  }

  @Override
  public BitSet present() {
    return (BitSet) present.clone();
  }

  @Override
  public synchronized void add(int setIndex, int layer, ByteBuffer block, int crc32c) {
    checkOpen();
    activeAt = admission.now();
    try {
      SetWriter writer = writer(setIndex);
      if (layer != writer.nextLayer() || writer.isComplete()) {
        throw ServiceException.invalid(
            "set %d takes layer %d of %d next, got %d"
                .formatted(setIndex, writer.nextLayer(), spec.layers(), layer));
      }
      if (BlockBatches.crc32c(block) != crc32c) {
        throw new ServiceException(
            ErrorReason.ERROR_REASON_CORRUPT_BLOCK,
            "layer %d of set %d was damaged on its way to the store".formatted(layer, setIndex));
      }
      writer.add(block, crc32c);
      admission.counters().in(block.remaining());
      room.tenant().in(block.remaining());
    } catch (RuntimeException e) {
      abandon(ended("failed"));
      throw e;
    }
  }

  @Override
  public synchronized PutOutcome commit() {
    checkOpen();
    try {
      for (int set = 0; set < writers.length; set++) {
        SetWriter writer = writers[set];
        if (!present.get(set) && (writer == null || !writer.isComplete())) {
          throw ServiceException.invalid(
              "commit with %d of %d layers of set %d"
                  .formatted(writer == null ? 0 : writer.nextLayer(), spec.layers(), set));
        }
      }
      return publish();
    } catch (RuntimeException e) {
      abandon(ended("failed"));
      throw e;
    }
  }

  @Override
  public void close() {
    abandon(ended("was abandoned"));
  }

  /** Ends the put from wherever, unless it has ended; its next call throws this. */
  synchronized void abandon(ServiceException reason) {
    if (end == null) {
      end = reason;
      discard();
      admission.ended(this);
      admission.counters().putAbandoned(reason.reason());
    }
  }

  private PutOutcome publish() {
    int stored = 0;
    int duplicates = 0;
    long bytes = 0;
    // In chain order, so that at every instant, a crash included, what can be read is a prefix.
    for (int set = 0; set < writers.length; set++) {
      SetWriter writer = writers[set];
      if (writer == null) {
        continue;
      }
      StoredSet finished = writer.finish(admission.now());
      if (admission.index().link(finished)) {
        stored++;
        bytes += finished.manifest().payloadBytes();
      } else {
        duplicates++;
        writer.discard();
      }
      writers[set] = null;
    }
    end = ended("was committed");
    admission.ended(this);
    admission.counters().putCommitted();
    return new PutOutcome(stored, bytes, duplicates);
  }

  private SetWriter writer(int setIndex) {
    if (setIndex < 0 || setIndex >= writers.length || present.get(setIndex)) {
      throw ServiceException.invalid(
          "set %d of %d takes no blocks".formatted(setIndex, writers.length));
    }
    SetWriter writer = writers[setIndex];
    if (writer == null) {
      writer = admission.openSet(spec, setIndex, room);
      writers[setIndex] = writer;
    }
    return writer;
  }

  private void discard() {
    for (int set = 0; set < writers.length; set++) {
      SetWriter writer = writers[set];
      if (writer != null) {
        writers[set] = null;
        writer.discard();
      }
    }
  }

  private void checkOpen() {
    if (end != null) {
      throw new ServiceException(end.reason(), String.valueOf(end.getMessage()));
    }
  }

  private static ServiceException ended(String how) {
    return ServiceException.invalid("the put " + how + " before");
  }
}
