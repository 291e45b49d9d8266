package io.rotatekv.eval.gpu;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.RandomNormal;
import java.util.Set;
import java.util.function.Consumer;

/** The speed of our kernels on one GPU: medians of device time, over random inputs. */
public final class GpuBenchmark implements AutoCloseable {

  /** What can be measured by itself. */
  public enum Section {
    ATTENTION,
    ENCODE,
    PREFILL_ATTENTION,
    MODEL
  }

  private final CudaDevice device;
  private final Kernels host;
  private final Team team;
  private final RandomNormal random;
  private final GpuTimer timer;

  /**
   * A benchmark on a device that nobody else uses meanwhile; {@code host} and {@code team} make its
   * inputs.
   */
  public GpuBenchmark(CudaDevice device, Kernels host, Team team) {
    this.device = device;
    this.host = host;
    this.team = team;
    random = new RandomNormal(device);
    timer = new GpuTimer(device);
  }

  /**
   * Measures the card's copy rate, then the sections in their order.
   *
   * @param rows gets a record for each figure as soon as it is there
   */
  public void measure(Set<Section> sections, Baselines baselines, Consumer<Record> rows) {
    CopyRate copy = CopyRate.measure(device, random, timer);
    rows.accept(copy);
    if (sections.contains(Section.ATTENTION)) {
      new DecodeAttentionBenchmark(device, host, random, timer, copy, baselines)
          .measure(rows::accept);
    }
    if (sections.contains(Section.ENCODE)) {
      new EncodeBenchmark(device, random, timer, copy).measure(rows::accept);
    }
    if (sections.contains(Section.PREFILL_ATTENTION)) {
      new PrefillAttentionBenchmark(device, random, timer, baselines).measure(rows::accept);
    }
    if (sections.contains(Section.MODEL)) {
      try (RandomModel model = new RandomModel(RandomModel.llama27b())) {
        new ModelBenchmark(device, host, team, model).measure(rows::accept);
      }
    }
  }

  @Override
  public void close() {
    timer.close();
    random.close();
  }
}
