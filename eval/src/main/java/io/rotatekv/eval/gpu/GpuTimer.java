package io.rotatekv.eval.gpu;

import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaEvent;
import io.rotatekv.kernels.cuda.CudaGraph;
import io.rotatekv.kernels.cuda.CudaStream;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Times work on the device: the median, by its own clock, over replays of a recorded graph. */
final class GpuTimer implements AutoCloseable {

  private static final int WARMUP_REPLAYS = 3;
  private static final int MIN_REPLAYS = 15;
  private static final int MAX_REPLAYS = 101;

  /** Device time that the replays of one figure may take. */
  private static final double BUDGET_MS = 200;

  private final CudaStream stream;
  private final CudaEvent start;
  private final CudaEvent end;

  GpuTimer(CudaDevice device) {
    stream = device.stream();
    start = device.event();
    end = device.event();
  }

  CudaStream stream() {
    return stream;
  }

  /**
   * Milliseconds of the same work on one of several sets of inputs. All sets go into one graph, in
   * turn, so that none finds its inputs in the cache if together they are larger.
   *
   * @param sets each queues the work on one set
   */
  double milliseconds(List<Consumer<CudaStream>> sets) {
    try (CudaGraph graph =
        CudaGraph.capture(stream, () -> sets.forEach(set -> set.accept(stream)))) {
      double once = 0;
      for (int i = 0; i < WARMUP_REPLAYS; i++) {
        once = replay(graph);
      }
      double[] times = new double[Math.clamp((long) (BUDGET_MS / once), MIN_REPLAYS, MAX_REPLAYS)];
      Arrays.setAll(times, i -> replay(graph));
      Arrays.sort(times);
      return times[times.length / 2] / sets.size();
    }
  }

  /**
   * Milliseconds of work that is queued by itself: a recorded copy within the device takes another
   * path than a queued one, and is slower.
   */
  double queuedMilliseconds(Consumer<CudaStream> work) {
    double[] times = new double[WARMUP_REPLAYS + MIN_REPLAYS];
    Arrays.setAll(times, i -> time(work));
    double[] timed = Arrays.copyOfRange(times, WARMUP_REPLAYS, times.length);
    Arrays.sort(timed);
    return timed[timed.length / 2];
  }

  private double replay(CudaGraph graph) {
    return time(graph::launch);
  }

  private double time(Consumer<CudaStream> work) {
    start.record(stream);
    work.accept(stream);
    end.record(stream);
    end.synchronize();
    return CudaEvent.milliseconds(start, end);
  }

  @Override
  public void close() {
    end.close();
    start.close();
    stream.close();
  }
}
