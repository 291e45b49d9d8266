package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;

/**
 * The pages of one open put. A put that alone would hold more than its tenant's quota, or than the
 * store, is refused for good, for no eviction makes room for it.
 */
final class PutRoom {

  private final PagePool pool;
  private final TenantUsage tenant;
  private long held;

  PutRoom(PagePool pool, TenantUsage tenant) {
    this.pool = pool;
    this.tenant = tenant;
  }

  TenantUsage tenant() {
    return tenant;
  }

  /**
   * Takes one page.
   *
   * @throws ServiceException INVALID_REQUEST if the put can never fit; QUOTA_EXCEEDED or STORE_FULL
   *     if it may later
   */
  void acquire() {
    if (held >= tenant.quotaPages()) {
      throw tooLarge(
          "the quota of tenant '%s', %d bytes; put fewer blocks at a time, or raise the quota (store.tenants)"
              .formatted(tenant.tenant(), tenant.quotaBytes()));
    }
    if (held >= pool.total()) {
      throw tooLarge(
          "the store's %d pages; put fewer blocks at a time, or raise store.capacity"
              .formatted(pool.total()));
    }
    pool.acquire(tenant);
    held++;
  }

  /** Gives a page back that never came into the map. */
  void giveBack() {
    pool.giveBack(tenant);
    held--;
  }

  /** Removes pages of a set that does not go into the index. */
  void release(long id, int count) {
    pool.release(tenant, id, count);
    held -= count;
  }

  private static ServiceException tooLarge(String than) {
    return ServiceException.invalid("this put alone takes more than " + than);
  }
}
