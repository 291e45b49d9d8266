package io.rotatekv.prefill;

import io.rotatekv.model.runtime.ModelRuntime;
import io.rotatekv.node.ComputeNodes;
import io.rotatekv.proto.GrpcServers;
import io.rotatekv.proto.RunningServer;
import io.rotatekv.proto.StoreClientOptions;
import io.rotatekv.proto.stores.StoreGroup;
import io.rotatekv.proto.stores.StoreTargets;
import io.rotatekv.v1.NodeRole;
import java.nio.file.Path;
import java.util.List;

/** Starts prefill nodes. */
public final class PrefillServer {

  private PrefillServer() {}

  /**
   * Opens the model and starts to serve.
   *
   * @param model the model's file or folder, fetched already
   * @throws io.rotatekv.proto.StartupException if the address cannot be bound
   */
  public static RunningServer start(PrefillConfig config, Path model) {
    StoreTargets targets = StoreTargets.parse(config.store());
    ModelRuntime runtime = ModelRuntime.open(model, config.runtime());
    StoreGroup store =
        StoreGroup.connect(
            targets,
            config.storeReplicas(),
            StoreClientOptions.of(
                config.store(),
                "prefill@%s:%d".formatted(config.host(), config.port()),
                System.currentTimeMillis()));
    Compute compute = new Compute(runtime.engine());
    compute.warmUp();
    try {
      return GrpcServers.start(
          config.server(),
          List.of(
              new PrefillService(runtime.cacheIdentity(), compute, store, config),
              ComputeNodes.service(NodeRole.NODE_ROLE_PREFILL, runtime, config.maxRequests())),
          store,
          compute,
          runtime);
    } catch (RuntimeException e) {
      store.close();
      compute.close();
      runtime.close();
      throw e;
    }
  }
}
