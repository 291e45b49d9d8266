package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Modules, launches, streams, events and graphs on a kernel of the test's own, in PTX. */
final class LaunchGpuTest {

  private static final int THREADS = 128;

  private final CudaDevice device = CudaDevice.open(0);
  private final CudaStream stream = device.stream();
  private CudaModule module;
  private CudaKernel add;

  @BeforeEach
  void load() throws IOException {
    module = CudaModule.load(device, "add", image("add.ptx"));
    add = module.kernel("add");
  }

  @AfterEach
  void close() {
    module.close();
    stream.close();
    device.close();
  }

  @Test
  void launchReadsItsStructAndStopsAtTheCount() {
    try (DeviceBuffer values = GpuMemory.floats(device, stream, 1, 2, 3, 4)) {
      add.launch(1, 1, 1, THREADS, stream, arguments(values, 3, 0.5f));

      assertArrayEquals(new float[] {1.5f, 2.5f, 3.5f, 4}, GpuMemory.floats(values, stream));
    }
  }

  @Test
  void graphRepeatsWhatItRecordedAndRecordingDoesNothing() {
    try (DeviceBuffer values = GpuMemory.floats(device, stream, 0);
        CudaGraph graph =
            CudaGraph.capture(
                stream,
                () -> {
                  add.launch(1, 1, 1, THREADS, stream, arguments(values, 1, 1));
                  add.launch(1, 1, 1, THREADS, stream, arguments(values, 1, 2));
                })) {
      assertArrayEquals(new float[] {0}, GpuMemory.floats(values, stream));

      graph.launch(stream);
      graph.launch(stream);

      assertArrayEquals(new float[] {6}, GpuMemory.floats(values, stream));
    }
  }

  @Test
  void streamWorksAfterARecordingThatFailed() {
    try (DeviceBuffer values = GpuMemory.floats(device, stream, 1)) {
      IllegalStateException failure = new IllegalStateException("a bug in the recorded work");
      assertEquals(
          failure,
          assertThrows(
              IllegalStateException.class,
              () ->
                  CudaGraph.capture(
                      stream,
                      () -> {
                        throw failure;
                      })));

      add.launch(1, 1, 1, THREADS, stream, arguments(values, 1, 1));
      assertArrayEquals(new float[] {2}, GpuMemory.floats(values, stream));
    }
  }

  @Test
  void streamWaitsForAnotherStreamsEvent() {
    int count = 64 << 20;
    try (DeviceBuffer values = device.allocate(4L * count);
        DeviceBuffer last = device.allocate(4);
        CudaStream other = device.stream();
        CudaEvent added = device.event()) {
      values.zero(stream);
      for (int i = 0; i < 10; i++) {
        add.launch(count / THREADS, 1, 1, THREADS, stream, arguments(values, count, 1));
      }
      added.record(stream);
      assertFalse(added.done(), "ten passes over 256 MiB take longer than queuing them");

      other.waitFor(added);
      last.copy(values, 4L * count - 4, 4, 0, other);

      assertArrayEquals(new float[] {10}, GpuMemory.floats(last, other));
      assertTrue(added.done());
    }
  }

  @Test
  void eventsMeasureTheWorkBetweenThem() {
    int count = 64 << 20;
    try (DeviceBuffer values = device.allocate(4L * count);
        CudaEvent start = device.event();
        CudaEvent one = device.event();
        CudaEvent ten = device.event()) {
      values.zero(stream);
      start.record(stream);
      add.launch(count / THREADS, 1, 1, THREADS, stream, arguments(values, count, 1));
      one.record(stream);
      for (int i = 0; i < 10; i++) {
        add.launch(count / THREADS, 1, 1, THREADS, stream, arguments(values, count, 1));
      }
      ten.record(stream);
      ten.synchronize();

      assertTrue(
          CudaEvent.milliseconds(one, ten) > 2 * CudaEvent.milliseconds(start, one),
          "ten times the work takes more than twice the device's time");
    }
  }

  @Test
  void handlesWorkOnAnotherThreadOnceTheDeviceIsCurrentThere() throws InterruptedException {
    try (DeviceBuffer values = GpuMemory.floats(device, stream, 1)) {
      float[][] seen = new float[1][];
      Thread thread =
          Thread.ofPlatform()
              .start(() -> {
                device.makeCurrent();
                add.launch(1, 1, 1, THREADS, stream, arguments(values, 1, 1));
                seen[0] = GpuMemory.floats(values, stream);
              });
      thread.join();

      assertArrayEquals(new float[] {2}, seen[0]);
    }
  }

  @Test
  void bytesThatAreNoImageAreRefused() {
    byte[] text = "no image\0".getBytes(StandardCharsets.UTF_8);

    CudaException error =
        assertThrows(CudaException.class, () -> CudaModule.load(device, "text", text));

    assertEquals("cuModuleLoadData of text", error.call());
    assertTrue(error.code() != 0 && error.codeName().startsWith("CUDA_ERROR"), error.codeName());
  }

  @Test
  void unknownEntryPointsAreNamed() {
    CudaException error = assertThrows(CudaException.class, () -> module.kernel("subtract"));

    assertEquals("CUDA_ERROR_NOT_FOUND", error.codeName());
    assertEquals("cuModuleGetFunction of subtract in add", error.call());
  }

  @Test
  void occupancyFallsAsBlocksTakeMoreSharedMemory() {
    CudaKernel large = add.sharedBytes(100 << 10);

    assertTrue(large.activeBlocks(THREADS, 100 << 10) < add.activeBlocks(THREADS, 0));
  }

  private static KernelArguments arguments(DeviceBuffer out, int count, float increment) {
    return KernelArguments.build().address(out.address()).int32(count).float32(increment);
  }

  private static byte[] image(String resource) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(LaunchGpuTest.class.getResourceAsStream(resource))) {
      byte[] text = in.readAllBytes();
      return Arrays.copyOf(text, text.length + 1); // the driver reads up to a zero byte
    }
  }
}
