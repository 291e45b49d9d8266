package io.rotatekv.cli.config;

import io.rotatekv.store.TenantQuotas;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/** Tenants and their quotas as people write them: {@code alice=2GiB,bob=0,*=512MiB}. */
final class TenantQuotaText {

  /** Stands for every tenant that is not named. */
  private static final String OTHERS = "*";

  private TenantQuotaText() {}

  /**
   * Reads quotas; 0 is no bound but the store's own.
   *
   * @throws IllegalArgumentException where the text is no list of tenants and sizes
   */
  static TenantQuotas parse(String text) {
    if (text.isBlank()) {
      return TenantQuotas.OPEN;
    }
    Map<String, Long> quotas = new HashMap<>();
    for (String part : text.split(",", -1)) {
      int equals = part.lastIndexOf('=');
      String tenant = equals < 0 ? "" : part.substring(0, equals).strip();
      if (tenant.isEmpty()) {
        throw new IllegalArgumentException(
            "'%s' is not a tenant and its bytes; write them as alice=2GiB,*=512MiB"
                .formatted(part.strip()));
      }
      if (quotas.put(tenant, ByteSize.parse(part.substring(equals + 1)).bytes()) != null) {
        throw new IllegalArgumentException("tenant '%s' occurs twice".formatted(tenant));
      }
    }
    Long others = quotas.remove(OTHERS);
    return new TenantQuotas(
        quotas, others == null ? OptionalLong.empty() : OptionalLong.of(others));
  }
}
