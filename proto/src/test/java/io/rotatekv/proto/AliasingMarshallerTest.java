package io.rotatekv.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import io.grpc.KnownLength;
import io.grpc.StatusRuntimeException;
import io.rotatekv.v1.BlockBatch;
import io.rotatekv.v1.GetResponse;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class AliasingMarshallerTest {

  private static final GetResponse MESSAGE =
      GetResponse.newBuilder()
          .setBatch(BlockBatch.newBuilder().setPayload(ByteString.copyFrom(new byte[100_000])))
          .build();

  private final AliasingMarshaller<GetResponse> marshaller =
      new AliasingMarshaller<>(GetResponse.getDefaultInstance(), new MessageArrays());

  /** A stream as gRPC's transports give it. */
  private static final class Transport extends ByteArrayInputStream implements KnownLength {
    Transport(byte[] bytes) {
      super(bytes);
    }
  }

  @Test
  void aBlockIsAPartOfTheArrayOfItsMessage() {
    GetResponse parsed = marshaller.parse(new Transport(MESSAGE.toByteArray()));
    ByteBuffer payload = PayloadBytes.of(parsed.getBatch().getPayload());
    assertEquals(MESSAGE, parsed);
    assertEquals(MESSAGE.getSerializedSize(), payload.arrayOffset() + payload.remaining());
    assertEquals(MESSAGE.getSerializedSize(), payload.array().length);
  }

  @Test
  void aStreamOfUnknownLengthIsReadToItsEnd() {
    assertEquals(MESSAGE, marshaller.parse(new ByteArrayInputStream(MESSAGE.toByteArray())));
  }

  @Test
  void bytesThatAreNoMessageFailTheCall() {
    assertThrows(
        StatusRuntimeException.class, () -> marshaller.parse(new Transport(new byte[] {1, 2})));
  }
}
