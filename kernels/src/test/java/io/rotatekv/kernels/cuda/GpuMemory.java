package io.rotatekv.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Java arrays to and from the device, for tests: every call waits until it is done. */
final class GpuMemory {

  private GpuMemory() {}

  static DeviceBuffer floats(CudaDevice device, CudaStream stream, float... values) {
    MemorySegment host = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, values);
    return upload(device, stream, host);
  }

  static DeviceBuffer halves(CudaDevice device, CudaStream stream, short... values) {
    MemorySegment host = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_SHORT, values);
    return upload(device, stream, host);
  }

  static DeviceBuffer longs(CudaDevice device, CudaStream stream, long... values) {
    MemorySegment host = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_LONG, values);
    return upload(device, stream, host);
  }

  /** Uploads numbers rounded to FP16. */
  static DeviceBuffer rounded(CudaDevice device, CudaStream stream, float... values) {
    short[] halves = new short[values.length];
    for (int i = 0; i < values.length; i++) {
      halves[i] = Float.floatToFloat16(values[i]);
    }
    return halves(device, stream, halves);
  }

  /** Downloads FP16 numbers. */
  static float[] widened(DeviceBuffer buffer, CudaStream stream) {
    short[] halves = halves(buffer, stream);
    float[] values = new float[halves.length];
    for (int i = 0; i < halves.length; i++) {
      values[i] = Float.float16ToFloat(halves[i]);
    }
    return values;
  }

  static float[] floats(DeviceBuffer buffer, CudaStream stream) {
    return download(buffer, stream).toArray(ValueLayout.JAVA_FLOAT);
  }

  static short[] halves(DeviceBuffer buffer, CudaStream stream) {
    return download(buffer, stream).toArray(ValueLayout.JAVA_SHORT);
  }

  static DeviceBuffer upload(CudaDevice device, CudaStream stream, MemorySegment host) {
    DeviceBuffer buffer = device.allocate(host.byteSize());
    buffer.upload(host, 0, stream);
    stream.synchronize();
    return buffer;
  }

  static MemorySegment download(DeviceBuffer buffer, CudaStream stream) {
    MemorySegment host = Arena.ofAuto().allocate(buffer.bytes(), Long.BYTES);
    buffer.download(host, 0, stream);
    stream.synchronize();
    return host;
  }
}
