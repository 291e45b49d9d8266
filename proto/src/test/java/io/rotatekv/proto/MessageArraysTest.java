package io.rotatekv.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Drainable;
import io.rotatekv.v1.BlockBatch;
import io.rotatekv.v1.PutRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

class MessageArraysTest {

  private static final int CHUNK = Wire.CHUNK_BYTES;

  private final MessageArrays arrays = new MessageArrays();

  private static BlockBatch batch(byte[] array) {
    return BlockBatch.newBuilder()
        .setPayload(UnsafeByteOperations.unsafeWrap(array, 100, CHUNK))
        .build();
  }

  @Test
  void anArrayIsTakenAgainOnceItsBatchIsGivenBackAndNotBefore() {
    byte[] first = arrays.take(CHUNK);
    byte[] second = arrays.take(CHUNK);
    assertNotSame(first, second);
    arrays.give(batch(first));
    assertSame(first, arrays.take(CHUNK));
    assertNotSame(first, arrays.take(CHUNK));
  }

  @Test
  void smallAndHugeMessagesGetArraysOfTheirOwn() {
    for (int bytes : new int[] {100, 8 << 20}) {
      byte[] array = arrays.take(bytes);
      assertEquals(bytes, array.length);
      arrays.give(array);
      assertNotSame(array, arrays.take(bytes));
    }
  }

  @Test
  void aPutsArrayIsFreeWhenItsStreamIsClosed() throws IOException {
    byte[] array = arrays.take(CHUNK);
    PutRequest request = PutRequest.newBuilder().setBlocks(batch(array)).build();
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    try (InputStream stream = new PutMarshaller(arrays).stream(request)) {
      assertEquals(request.getSerializedSize(), stream.available());
      assertTrue(((Drainable) stream).drainTo(sent) > CHUNK);
      assertNotSame(array, arrays.take(CHUNK));
    }
    assertSame(array, arrays.take(CHUNK));
    assertEquals(request, PutRequest.parseFrom(sent.toByteArray()));
  }
}
