/**
 * The KV store: block sets in two-phase puts, prefix lookups and streamed gets, bounded in bytes,
 * over Chronicle Map, Redis or Valkey. {@link io.rotatekv.store.BlockStore} is the contract without
 * a transport, {@link io.rotatekv.store.PageStorage} what an engine brings, {@link
 * io.rotatekv.store.KvStoreServer} serves it over gRPC.
 */
@NullMarked
package io.rotatekv.store;

import org.jspecify.annotations.NullMarked;
