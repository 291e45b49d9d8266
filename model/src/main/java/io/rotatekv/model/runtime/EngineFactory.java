package io.rotatekv.model.runtime;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.model.Model;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.cpu.CpuEngine;
import io.rotatekv.model.engine.cpu.LayerObserver;
import io.rotatekv.model.engine.cuda.CudaEngine;
import io.rotatekv.model.engine.cuda.CudaOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens engines over one model, all on the backend that was asked for. */
public final class EngineFactory {

  private static final Logger log = LoggerFactory.getLogger(EngineFactory.class);

  private final Model model;
  private final boolean gpu;
  private final String cpuBackend;

  private EngineFactory(Model model, boolean gpu, String cpuBackend) {
    this.model = model;
    this.gpu = gpu;
    this.cpuBackend = cpuBackend;
  }

  /**
   * Decides where a model runs.
   *
   * @param backend {@code auto}, {@code cpu}, {@code cuda}, {@code simd} or {@code scalar}
   * @param attend what the engines will be opened with, which not every backend computes
   * @throws IllegalStateException if {@code backend} is {@code cuda} and cannot run
   */
  public static EngineFactory of(Model model, String backend, Attend attend) {
    Placement placement = Placement.of(backend, () -> CudaEngine.obstacle(model.config(), attend));
    log.info("{} runs on {}", model.config().name(), placement.reason());
    // On a GPU, too, the CPU's kernels unpack the weights.
    return new EngineFactory(model, placement.cuda(), placement.cuda() ? "auto" : backend);
  }

  /** Whether engines run on a GPU; one at a time takes it whole. */
  public boolean onGpu() {
    return gpu;
  }

  /**
   * Kernels of the CPU whose large loops run on {@code team}.
   *
   * @throws IllegalArgumentException where there is no such backend
   * @throws IllegalStateException where it cannot run here
   */
  public Kernels kernels(Team team) {
    Backends.Choice backend = Backends.open(cpuBackend, team);
    log.info("backend {}: {}", backend.kernels().name(), backend.reason());
    return backend.kernels();
  }

  /** Opens an engine on {@code kernels} that were made for {@code team}. */
  public Engine open(
      CodecContext context, Attend attend, EngineLimits limits, Kernels kernels, Team team) {
    return gpu
        ? new CudaEngine(
            model.config(),
            model.weights(),
            kernels,
            team,
            context,
            attend,
            limits,
            CudaOptions.DEFAULT)
        : new CpuEngine(
            model.config(),
            model.weights(),
            kernels,
            team,
            context,
            attend,
            limits,
            LayerObserver.NONE);
  }
}
