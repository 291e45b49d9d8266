package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rotatekv.proto.ServiceException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class PagePoolTest {

  private static final StoreConfig CONFIG =
      StoreConfig.defaults().withPageBytes(4096).withCapacity(4 * 4096);

  private final TenantUsage tenant = new TenantUsage("", 0, 4096);
  private final AtomicBoolean givesBack = new AtomicBoolean();

  /** Asks the time in each eviction, which is where another put gives its page back. */
  private PagePool pool(PageStorage storage) {
    PagePool[] pool = new PagePool[1];
    pool[0] =
        new PagePool(
            CONFIG,
            storage.pages(),
            new SetIndex(CONFIG.pages(), Duration.ZERO, Duration.ZERO, 1),
            new Counters(),
            () -> {
              if (givesBack.compareAndSet(true, false)) {
                pool[0].giveBack(tenant);
              }
              return Instant.EPOCH;
            },
            Runnable::run);
    return pool[0];
  }

  @Test
  void aPageThatIsGivenBackWhileNothingMayBeEvictedIsTakenOnce() {
    try (PageStorage storage = ChronicleStorage.open(CONFIG)) {
      PagePool pool = pool(storage);
      for (int page = 0; page < pool.total(); page++) {
        pool.acquire(tenant);
      }
      givesBack.set(true);
      pool.acquire(tenant);
      assertEquals(pool.total(), pool.used());
      assertThrows(ServiceException.class, () -> pool.acquire(tenant));
      assertEquals(pool.total() * 4096, tenant.stats().usedBytes());
    }
  }
}
