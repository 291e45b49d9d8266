package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The tenants that have a quota or have stored something. */
final class Tenants {

  private final TenantQuotas quotas;
  private final int pageBytes;
  private final Map<String, TenantUsage> usages = new ConcurrentHashMap<>();

  Tenants(TenantQuotas quotas, int pageBytes) {
    this.quotas = quotas;
    this.pageBytes = pageBytes;
    quotas.named().keySet().forEach(this::storing);
  }

  /**
   * A tenant that is about to store something.
   *
   * @throws ServiceException UNKNOWN_TENANT
   */
  TenantUsage storing(String tenant) {
    long quota = quotas.of(tenant);
    return usages.computeIfAbsent(tenant, name -> new TenantUsage(name, quota, pageBytes));
  }

  /**
   * A tenant that asks. One that has never stored anything is not remembered, or whoever makes up
   * names would fill the memory.
   *
   * @throws ServiceException UNKNOWN_TENANT
   */
  TenantUsage asking(String tenant) {
    long quota = quotas.of(tenant);
    TenantUsage usage = usages.get(tenant);
    return usage == null ? new TenantUsage(tenant, quota, pageBytes) : usage;
  }

  /** The tenant of a set in the file, whether it is still configured or not. */
  TenantUsage found(String tenant) {
    return usages.computeIfAbsent(tenant, name -> new TenantUsage(name, quotaOf(name), pageBytes));
  }

  List<StoreStats.TenantStats> stats() {
    return usages.values().stream()
        .map(TenantUsage::stats)
        .sorted(Comparator.comparing(StoreStats.TenantStats::tenant))
        .toList();
  }

  private long quotaOf(String tenant) {
    return quotas.named().getOrDefault(tenant, quotas.others().orElse(0));
  }
}
