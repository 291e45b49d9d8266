package io.rotatekv.proto;

import io.rotatekv.v1.BlockInfo;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.Miss;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A {@link GetResponse} as a store sends it: the same bytes on the wire, without a message object
 * around the payload.
 *
 * @param misses keys found missing since the last message
 * @param blocks what lies in the payload, end to end
 * @param payload the blocks' bytes from position to limit, over an accessible array
 * @param release run once the bytes have been taken, after which the payload may be used again
 */
public record GetMessage(
    List<Miss> misses, List<BlockInfo> blocks, ByteBuffer payload, Runnable release) {}
