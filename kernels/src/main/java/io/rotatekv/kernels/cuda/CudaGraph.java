package io.rotatekv.kernels.cuda;

import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;

/** A recorded sequence of device work that starts with one call. */
public final class CudaGraph extends CudaHandle {

  private final CUgraphExec handle;

  private CudaGraph(CudaDevice device, CUgraphExec handle) {
    super(device);
    this.handle = handle;
  }

  /**
   * Records what {@code work} queues on {@code stream}, and on streams that it makes wait for it,
   * without doing any of it.
   *
   * <p>Addresses and other arguments are fixed by the recording; buffers that it uses must outlive
   * it.
   *
   * @throws CudaException if some of the work cannot be recorded
   */
  public static CudaGraph capture(CudaStream stream, Runnable work) {
    Driver.check(
        "cuStreamBeginCapture",
        JCudaDriver.cuStreamBeginCapture(
            stream.handle(), CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    CUgraph graph = new CUgraph();
    try {
      work.run();
    } catch (RuntimeException e) {
      // The stream must leave capture in any case; the first failure is the one to tell.
      JCudaDriver.cuStreamEndCapture(stream.handle(), graph);
      throw e;
    }
    Driver.check("cuStreamEndCapture", JCudaDriver.cuStreamEndCapture(stream.handle(), graph));
    try {
      CUgraphExec handle = new CUgraphExec();
      Driver.check("cuGraphInstantiate", JCudaDriver.cuGraphInstantiate(handle, graph, 0));
      return new CudaGraph(stream.device(), handle);
    } finally {
      JCudaDriver.cuGraphDestroy(graph);
    }
  }

  /**
   * Queues the recorded work on {@code stream}.
   *
   * @throws CudaException if the driver refuses
   */
  public void launch(CudaStream stream) {
    Driver.check("cuGraphLaunch", JCudaDriver.cuGraphLaunch(handle, stream.handle()));
  }

  @Override
  void destroy() {
    Driver.check("cuGraphExecDestroy", JCudaDriver.cuGraphExecDestroy(handle));
  }
}
