package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Which tenants there are, and how many bytes each may use.
 *
 * @param named bytes by tenant; 0 for no bound but the store's own
 * @param others bytes for each tenant that is not named, 0 for no bound; empty to refuse them
 */
public record TenantQuotas(Map<String, Long> named, OptionalLong others) {

  /** Any tenant, without quotas. */
  public static final TenantQuotas OPEN = new TenantQuotas(Map.of(), OptionalLong.of(0));

  public TenantQuotas {
    named = Map.copyOf(named);
    named.forEach(TenantQuotas::requireNotNegative);
    others.ifPresent(bytes -> requireNotNegative("others", bytes));
  }

  /**
   * A tenant's quota in bytes, 0 for none.
   *
   * @throws ServiceException UNKNOWN_TENANT
   */
  public long of(String tenant) {
    Long quota = named.get(tenant);
    if (quota != null) {
      return quota;
    }
    return others.orElseThrow(() ->
        new ServiceException(
            ErrorReason.ERROR_REASON_UNKNOWN_TENANT,
            tenant.isEmpty()
                ? "the store serves named tenants only; name one that is in store.tenants"
                : "the store does not know tenant '%s'; add it to store.tenants"
                    .formatted(tenant)));
  }

  private static void requireNotNegative(String tenant, long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException(
          "the quota of %s must not be negative, got %d".formatted(tenant, bytes));
    }
  }
}
