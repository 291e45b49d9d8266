package io.rotatekv.store;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds the index from the pages of a file. A set is there if its manifest is whole and so many
 * pages as it names exist; every other page is left over from a put or an eviction that a crash cut
 * short, and is removed. Blocks are verified when they are read.
 */
final class StoreScan {

  private static final Logger log = LoggerFactory.getLogger(StoreScan.class);

  private StoreScan() {}

  /**
   * What a scan found.
   *
   * @param nextId the first set id that was never used
   * @param sets sets that are in the index now
   * @param discarded sets that were not whole
   */
  record Result(long nextId, long sets, long discarded) {}

  /** Loads the index. */
  static Result load(Pages pages, SetIndex index, PagePool pool, Tenants tenants) {
    Map<Long, Integer> counts = new HashMap<>();
    List<Long> keys = new ArrayList<>();
    pages.forEachKey(key -> {
      counts.merge(Pages.id(key), 1, Integer::sum);
      keys.add(key);
    });
    long next = counts.keySet().stream().mapToLong(id -> id + 1).max().orElse(1);
    List<Manifest> manifests = new ArrayList<>();
    byte[] page = new byte[pages.pageBytes()];
    for (long key : keys) {
      if (Pages.page(key) == 0 && pages.read(Pages.id(key), 0, MemorySegment.ofArray(page))) {
        Manifest manifest = Manifest.read(page);
        if (manifest != null
            && manifest.id() == Pages.id(key)
            && Integer.valueOf(manifest.pages()).equals(counts.get(manifest.id()))) {
          manifests.add(manifest);
        }
      }
    }
    manifests.sort(
        Comparator.comparingLong(Manifest::committedAt)
            .thenComparingInt(manifest -> manifest.set().chainIndex()));
    long sets = 0;
    for (Manifest manifest : manifests) {
      TenantUsage tenant = tenants.found(manifest.namespace().tenant());
      if (index.link(new StoredSet(manifest, tenant))) {
        pool.adopt(tenant, manifest.pages());
        counts.remove(manifest.id());
        sets++;
      }
    }
    removeLeftOver(pages, keys, counts);
    return new Result(next, sets, counts.size());
  }

  private static void removeLeftOver(Pages pages, List<Long> keys, Map<Long, Integer> ids) {
    if (ids.isEmpty()) {
      return;
    }
    log.info("removing the pages of {} sets that were not committed or not whole", ids.size());
    for (long key : keys) {
      if (ids.containsKey(Pages.id(key))) {
        pages.remove(key);
      }
    }
  }
}
