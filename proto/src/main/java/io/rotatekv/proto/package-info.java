/**
 * The only hand-written wire code: errors and their mapping to gRPC statuses, servers and channels
 * as every node sets them up, and the client of the KV store. The contract itself is in the {@code
 * rotatekv/v1/*.proto} files.
 */
@NullMarked
package io.rotatekv.proto;

import org.jspecify.annotations.NullMarked;
