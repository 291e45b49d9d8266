package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class BuffersGpuTest {

  private final CudaDevice device = CudaDevice.open(0);
  private final CudaStream stream = device.stream();

  @AfterEach
  void close() {
    stream.close();
    device.close();
  }

  @Test
  void bytesComeBackFromWhereTheyWerePut() {
    byte[] sent = new byte[100_003];
    new Random(1).nextBytes(sent);
    try (DeviceBuffer buffer = device.allocate(sent.length + 77);
        PinnedBuffer pinned = device.allocatePinned(sent.length);
        Arena arena = Arena.ofConfined()) {
      pinned.segment().copyFrom(MemorySegment.ofArray(sent));
      MemorySegment received = arena.allocate(buffer.bytes());

      buffer.zero(stream);
      buffer.upload(pinned.segment(), 77, stream);
      buffer.download(received, 0, stream);
      stream.synchronize();

      assertArrayEquals(new byte[77], bytes(received.asSlice(0, 77)));
      assertArrayEquals(sent, bytes(received.asSlice(77)));
    }
  }

  @Test
  void copiesBetweenBuffersMoveOnlyTheirRange() {
    try (DeviceBuffer from = GpuMemory.floats(device, stream, 1, 2, 3, 4);
        DeviceBuffer to = GpuMemory.floats(device, stream, 5, 6, 7, 8)) {
      to.copy(from, 4, 8, 8, stream);

      assertArrayEquals(new float[] {5, 6, 2, 3}, GpuMemory.floats(to, stream));
    }
  }

  @Test
  void copiesOutsideOfTheBufferAreRefused() {
    try (DeviceBuffer buffer = device.allocate(16);
        Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(16);

      assertThrows(IndexOutOfBoundsException.class, () -> buffer.upload(host, 1, stream));
      assertThrows(IndexOutOfBoundsException.class, () -> buffer.download(host, -1, stream));
    }
  }

  @Test
  void memoryThatTheCollectorMovesIsRefused() {
    try (DeviceBuffer buffer = device.allocate(16)) {
      MemorySegment heap = MemorySegment.ofArray(new byte[16]);

      assertThrows(IllegalArgumentException.class, () -> buffer.upload(heap, 0, stream));
    }
  }

  @Test
  void closingTwiceFreesOnce() {
    long before = device.freeBytes();
    DeviceBuffer buffer = device.allocate(256L << 20);
    buffer.close();
    buffer.close();

    assertEquals(before, device.freeBytes());
  }

  @Test
  void moreThanTheCardHasIsAnErrorWithItsName() {
    CudaException error =
        assertThrows(CudaException.class, () -> device.allocate(2 * device.totalBytes()));

    assertEquals("CUDA_ERROR_OUT_OF_MEMORY", error.codeName());
  }

  private static byte[] bytes(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_BYTE);
  }
}
