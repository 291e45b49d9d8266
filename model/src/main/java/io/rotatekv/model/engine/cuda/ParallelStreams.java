package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaEvent;
import io.rotatekv.kernels.cuda.CudaStream;
import java.util.List;
import java.util.stream.Stream;

/** Streams for pieces of work that need not wait for each other, between two points of another. */
final class ParallelStreams implements AutoCloseable {

  private final List<CudaStream> streams;
  private final List<CudaEvent> ends;
  private final CudaEvent start;
  private int next;

  ParallelStreams(CudaDevice device, int count) {
    streams = Stream.generate(device::stream).limit(count).toList();
    ends = Stream.generate(device::event).limit(count).toList();
    start = device.event();
  }

  /** Lets all streams wait for what {@code from} holds now. */
  void fork(CudaStream from) {
    start.record(from);
    streams.forEach(stream -> stream.waitFor(start));
  }

  /** The stream for the next piece of work. */
  CudaStream next() {
    return streams.get(next++ % streams.size());
  }

  /** Lets {@code to} wait for what all streams hold now. */
  void join(CudaStream to) {
    for (int i = 0; i < streams.size(); i++) {
      ends.get(i).record(streams.get(i));
      to.waitFor(ends.get(i));
    }
  }

  @Override
  public void close() {
    start.close();
    ends.forEach(CudaEvent::close);
    streams.forEach(CudaStream::close);
  }
}
