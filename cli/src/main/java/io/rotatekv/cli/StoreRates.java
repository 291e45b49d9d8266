package io.rotatekv.cli;

import static io.rotatekv.cli.StoreTables.share;
import static io.rotatekv.cli.StoreTables.size;

import io.rotatekv.cli.console.TextTable;
import io.rotatekv.v1.MissCount;
import io.rotatekv.v1.StatsResponse;
import java.util.Locale;
import java.util.function.ToLongFunction;

/**
 * What a store did between two looks at it; its own clock says how long that was.
 *
 * @param now the later look
 */
record StoreRates(StatsResponse before, StatsResponse now) {

  private static final int BAR = 40;
  private static final String COLUMNS = "%8s %10s %8s %10s %10s %9s %9s %10s %5s %5s%n";

  double inMbS() {
    return perSecond(StatsResponse::getBytesIn) * 1e-6;
  }

  double outMbS() {
    return perSecond(StatsResponse::getBytesOut) * 1e-6;
  }

  double hitsPerSecond() {
    return perSecond(StatsResponse::getHits);
  }

  double missesPerSecond() {
    return perSecond(StoreRates::misses);
  }

  double evictedPerSecond() {
    return perSecond(StatsResponse::getEvictedSets);
  }

  /** Names of the columns of {@link #line}. */
  static String header() {
    return COLUMNS.formatted(
        "used",
        "",
        "sets",
        "in MB/s",
        "out MB/s",
        "found/s",
        "missed/s",
        "evicted/s",
        "puts",
        "gets");
  }

  /** One line, for a file or a pipe. */
  String line() {
    return COLUMNS.formatted(
        share(now.getUsedBytes(), now.getCapacityBytes()),
        size(now.getUsedBytes()),
        now.getCommittedSets(),
        number(inMbS()),
        number(outMbS()),
        number(hitsPerSecond()),
        number(missesPerSecond()),
        number(evictedPerSecond()),
        now.getOpenPuts(),
        now.getOpenGets());
  }

  /** A screen, for a terminal. */
  String screen() {
    String head =
        "%s store, up %s   %d sets, %d under lease, %d pinned%n%s %s of %s%n%n"
            .formatted(
                now.getEngine(),
                StoreTables.time(now.getUptimeMs()),
                now.getCommittedSets(),
                now.getLeasedSets(),
                now.getPinnedSets(),
                bar(),
                size(now.getUsedBytes()),
                size(now.getCapacityBytes()));
    TextTable rates =
        new TextTable("", "now", "since the start")
            .row("in", number(inMbS()) + " MB/s", size(now.getBytesIn()))
            .row("out", number(outMbS()) + " MB/s", size(now.getBytesOut()))
            .row("sets found", number(hitsPerSecond()) + " /s", Long.toString(now.getHits()))
            .row("sets missed", number(missesPerSecond()) + " /s", Long.toString(misses(now)))
            .row(
                "sets evicted",
                number(evictedPerSecond()) + " /s",
                Long.toString(now.getEvictedSets()))
            .row("puts", now.getOpenPuts() + " open", Long.toString(now.getPutsCommitted()))
            .row("gets", now.getOpenGets() + " open", Long.toString(now.getGets()));
    return now.getTenantsCount() == 0
        ? head + rates
        : head + rates + "\n" + StoreTables.tenants(now);
  }

  private String bar() {
    long whole = Math.max(1, now.getCapacityBytes());
    int full = (int) Math.min(BAR, BAR * now.getUsedBytes() / whole);
    return "[" + "█".repeat(full) + " ".repeat(BAR - full) + "]";
  }

  private double perSecond(ToLongFunction<StatsResponse> counter) {
    long ms = now.getUptimeMs() - before.getUptimeMs();
    long change = counter.applyAsLong(now) - counter.applyAsLong(before);
    return ms <= 0 ? 0 : change * 1e3 / ms; // a store that started anew has no rate yet
  }

  private static long misses(StatsResponse stats) {
    return stats.getMissesList().stream().mapToLong(MissCount::getCount).sum();
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
