package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

final class KernelArgumentsTest {

  @Test
  void fieldsLieAsInAStructOfC() {
    byte[] struct =
        KernelArguments.build().int32(7).address(0x1234_5678_9abcL).float32(1.5f).bytes();

    ByteBuffer fields = ByteBuffer.wrap(struct).order(ByteOrder.nativeOrder());
    assertEquals(24, struct.length, "padded to the alignment of its widest field");
    assertEquals(7, fields.getInt(0));
    assertEquals(0x1234_5678_9abcL, fields.getLong(8));
    assertEquals(1.5f, fields.getFloat(16));
  }

  @Test
  void narrowFieldsNeedNoPadding() {
    assertEquals(12, KernelArguments.build().int32(1).float32(2).int32(3).bytes().length);
  }
}
