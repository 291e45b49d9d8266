package io.rotatekv.decode;

import io.rotatekv.model.runtime.ModelRuntime;
import io.rotatekv.model.tokenizer.Tokenizer;
import io.rotatekv.node.ComputeNodes;
import io.rotatekv.proto.GrpcServers;
import io.rotatekv.proto.RunningServer;
import io.rotatekv.proto.StoreClientOptions;
import io.rotatekv.proto.stores.StoreGroup;
import io.rotatekv.proto.stores.StoreTargets;
import io.rotatekv.v1.NodeRole;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Starts decode nodes. */
public final class DecodeServer {

  private DecodeServer() {}

  /**
   * Opens the model and starts to serve.
   *
   * @param model the model's file or folder, fetched already
   * @throws io.rotatekv.proto.StartupException if the address cannot be bound
   */
  public static RunningServer start(DecodeConfig config, Path model) {
    StoreTargets targets = StoreTargets.parse(config.store());
    ModelRuntime runtime = ModelRuntime.open(model, config.runtime());
    Tokenizer tokenizer = runtime.model().tokenizer();
    StoreGroup store =
        StoreGroup.connect(
            targets,
            config.storeReplicas(),
            StoreClientOptions.of(
                config.store(),
                "decode@%s:%d".formatted(config.host(), config.port()),
                System.currentTimeMillis()));
    int layers = runtime.engine().codec().shape().layers();
    PrefixSource source =
        new PrefixSource(
            store, config.prefill(), layers, config.fetchTimeout(), config.prefillTimeout());
    BatchLoop loop =
        new BatchLoop(
            runtime.engine(),
            config.maxBatch(),
            config.chunkTokens(),
            tokenizer::isEndOfGeneration);
    WarmUp.submit(loop, runtime.engine());
    ExecutorService writeBacks = Executors.newVirtualThreadPerTaskExecutor();
    DecodeNode node = new DecodeNode(runtime, loop, source, store, writeBacks);
    AutoCloseable[] resources = {loop, writeBacks, source, store, runtime};
    try {
      return GrpcServers.start(
          config.server(),
          List.of(
              new DecodeService(node),
              ComputeNodes.service(NodeRole.NODE_ROLE_DECODE, runtime, config.maxBatch())),
          resources);
    } catch (RuntimeException e) {
      loop.close();
      writeBacks.close();
      source.close();
      store.close();
      runtime.close();
      throw e;
    }
  }
}
