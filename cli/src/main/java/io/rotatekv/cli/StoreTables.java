package io.rotatekv.cli;

import io.rotatekv.cli.config.ByteSize;
import io.rotatekv.cli.console.TextTable;
import io.rotatekv.v1.StatsResponse;
import io.rotatekv.v1.TenantStats;
import java.time.Duration;
import java.util.Locale;

/** A store's figures for people. */
final class StoreTables {

  private StoreTables() {}

  /** All figures, and the tenants' where there is more than the nameless one. */
  static String stats(StatsResponse stats) {
    String tenants = stats.getTenantsCount() > 1 || hasName(stats) ? "\n" + tenants(stats) : "";
    return fill(stats).toString() + "\n" + activity(stats) + tenants;
  }

  private static TextTable fill(StatsResponse s) {
    return new TextTable("now", "")
        .row("engine", s.getEngine())
        .row("up", time(s.getUptimeMs()))
        .row("capacity", size(s.getCapacityBytes()))
        .row(
            "used",
            "%s (%s)"
                .formatted(size(s.getUsedBytes()), share(s.getUsedBytes(), s.getCapacityBytes())))
        .row("blocks in it", size(s.getPayloadBytes()))
        .row("mapped", size(s.getMappedBytes()))
        .row("file", s.getFileBytes() == 0 ? "none" : size(s.getFileBytes()))
        .row("sets", Long.toString(s.getCommittedSets()))
        .row("tokens", Long.toString(s.getPayloadTokens()))
        .row("under lease", Long.toString(s.getLeasedSets()))
        .row("pinned", "%d, %s".formatted(s.getPinnedSets(), size(s.getPinnedBytes())))
        .row("open puts, gets", "%d, %d".formatted(s.getOpenPuts(), s.getOpenGets()))
        .row(
            "buffers in flight",
            "%s of %s".formatted(size(s.getInFlightBytes()), size(s.getInFlightLimitBytes())));
  }

  private static TextTable activity(StatsResponse s) {
    TextTable table =
        new TextTable("since the start", "")
            .row("puts committed", Long.toString(s.getPutsCommitted()))
            .row("puts abandoned", Long.toString(s.getPutsAbandoned()))
            .row("gets", Long.toString(s.getGets()))
            .row("blocks in", "%d, %s".formatted(s.getBlocksIn(), size(s.getBytesIn())))
            .row("blocks out", "%d, %s".formatted(s.getBlocksOut(), size(s.getBytesOut())))
            .row("sets found", Long.toString(s.getHits()));
    s.getMissesList()
        .forEach(miss ->
            table.row(
                "sets " + words(miss.getReason().name(), "MISS_REASON_"),
                Long.toString(miss.getCount())));
    s.getRefusalsList()
        .forEach(refusal ->
            table.row(
                "refused, " + words(refusal.getReason().name(), "ERROR_REASON_"),
                Long.toString(refusal.getCount())));
    table.row("sets evicted", Long.toString(s.getEvictedSets()));
    if (s.getRecoveryMs() > 0) {
      table.row(
          "recovered at the start",
          "%d sets in %d ms, %d discarded"
              .formatted(s.getRecoveredSets(), s.getRecoveryMs(), s.getDiscardedSets()));
    }
    return table;
  }

  static TextTable tenants(StatsResponse stats) {
    TextTable table =
        new TextTable("tenant", "used", "quota", "sets", "in", "out", "found", "missed", "evicted");
    for (TenantStats t : stats.getTenantsList()) {
      table.row(
          StoreOptions.tenant(t.getTenant()),
          size(t.getUsedBytes()),
          t.getQuotaBytes() == 0 ? "-" : size(t.getQuotaBytes()),
          Long.toString(t.getCommittedSets()),
          size(t.getBytesIn()),
          size(t.getBytesOut()),
          Long.toString(t.getHits()),
          Long.toString(t.getMisses()),
          Long.toString(t.getEvictedSets()));
    }
    return table;
  }

  static String size(long bytes) {
    return new ByteSize(bytes).toString();
  }

  static String share(long part, long whole) {
    return whole == 0 ? "-" : String.format(Locale.ROOT, "%.1f %%", 100.0 * part / whole);
  }

  /** A time in its two largest units, such as {@code 3m 12s}. */
  static String time(long ms) {
    Duration time = Duration.ofMillis(ms);
    if (time.toDays() > 0) {
      return "%dd %dh".formatted(time.toDays(), time.toHoursPart());
    }
    if (time.toHours() > 0) {
      return "%dh %dm".formatted(time.toHours(), time.toMinutesPart());
    }
    if (time.toMinutes() > 0) {
      return "%dm %ds".formatted(time.toMinutes(), time.toSecondsPart());
    }
    return String.format(Locale.ROOT, "%.1fs", ms / 1e3);
  }

  private static boolean hasName(StatsResponse stats) {
    return stats.getTenantsList().stream().anyMatch(tenant -> !tenant.getTenant().isEmpty());
  }

  private static String words(String name, String prefix) {
    String rest = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
    return rest.toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
