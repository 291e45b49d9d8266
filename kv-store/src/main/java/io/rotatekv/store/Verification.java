package io.rotatekv.store;

import io.rotatekv.v1.DamagedSet;
import io.rotatekv.v1.MissReason;
import io.rotatekv.v1.VerifyResponse;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** Checks all sets, and reports every some MiB; always once, at the end. */
final class Verification implements Iterator<VerifyResponse> {

  private static final long REPORT_BYTES = 16 << 20;

  private final BlockStore store;
  private final Iterator<SetEntry> sets;
  private final long total;
  private long checkedSets;
  private long checkedBytes;
  private boolean ended;

  Verification(BlockStore store, @Nullable String tenant) {
    this.store = store;
    this.total = store.stats().sets().committed();
    this.sets = store.list(tenant);
  }

  @Override
  public boolean hasNext() {
    return !ended;
  }

  @Override
  public VerifyResponse next() {
    if (ended) {
      throw new NoSuchElementException();
    }
    VerifyResponse.Builder report = VerifyResponse.newBuilder().setTotalSets(total);
    long until = checkedBytes + REPORT_BYTES;
    while (checkedBytes < until && sets.hasNext()) {
      check(sets.next(), report);
    }
    ended = !sets.hasNext();
    return report.setCheckedSets(checkedSets).setCheckedBytes(checkedBytes).build();
  }

  private void check(SetEntry entry, VerifyResponse.Builder report) {
    SetCheck check = store.verify(entry.namespace(), entry.set().key());
    checkedBytes += check.bytes();
    if (check.isGood() || check.reason() == MissReason.MISS_REASON_CORRUPT) {
      checkedSets++; // What has left meanwhile is neither good nor damaged.
    }
    if (check.reason() == MissReason.MISS_REASON_CORRUPT) {
      report.addDamaged(
          DamagedSet.newBuilder()
              .setNamespace(ListPages.namespace(entry.namespace()))
              .setKey(ListPages.key(entry.set().key()))
              .setReason(check.reason()));
    }
  }
}
