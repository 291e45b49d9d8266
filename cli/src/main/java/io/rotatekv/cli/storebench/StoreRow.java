package io.rotatekv.cli.storebench;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * One figure of the store.
 *
 * @param op what a call does, see {@link Op}
 * @param valueBytes bytes of a value; of the request's keys for a look-up
 * @param clients callers at a time, each with connections of its own
 * @param gbS 10^9 bytes of values a second, all clients together; the median of the rounds
 * @param rawTcpGbS the same bytes between two processes by plain NIO, in the same rounds
 * @param redisGbS the same values in Redis through Lettuce; null where there is no Redis
 * @param p50Ms median time of one call of the store
 * @param p99Ms its 99th percentile
 * @param serverCpuSPerGb CPU time of the store's process per 10^9 bytes
 */
public record StoreRow(
    String bench,
    String op,
    int valueBytes,
    int clients,
    double gbS,
    @Nullable Double rawTcpGbS,
    @Nullable Double redisGbS,
    double p50Ms,
    double p99Ms,
    @JsonProperty("server_cpu_s_per_gb") double serverCpuSPerGb) {}
