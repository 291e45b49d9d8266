package io.rotatekv.node;

import io.rotatekv.model.runtime.CacheIdentity;
import io.rotatekv.model.runtime.ModelRuntime;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.NodeService;
import io.rotatekv.v1.DescribeResponse;
import io.rotatekv.v1.Namespace;
import io.rotatekv.v1.NodeLimits;
import io.rotatekv.v1.NodeRole;

/** What nodes that run a model answer to {@code Node}'s calls. */
public final class ComputeNodes {

  private ComputeNodes() {}

  /**
   * The service that describes a node and says what its encoding has lost.
   *
   * @param concurrentRequests requests that the node works on at a time
   */
  public static NodeService service(NodeRole role, ModelRuntime runtime, int concurrentRequests) {
    return new NodeService(
        describe(role, runtime, concurrentRequests), () -> EncodeFidelity.of(runtime.engine()));
  }

  private static DescribeResponse describe(
      NodeRole role, ModelRuntime runtime, int concurrentRequests) {
    CacheIdentity identity = runtime.cacheIdentity();
    Namespace namespace =
        KeyChain.namespace(identity.modelFingerprint(), identity.codecFingerprint(), "");
    return DescribeResponse.newBuilder()
        .setRole(role)
        .setVersion(NodeService.version())
        .setModelName(runtime.model().config().name())
        .setModelFingerprint(namespace.getModelFingerprint())
        .setCodec(runtime.engine().codec().spec().name())
        .setCodecFingerprint(namespace.getCodecFingerprint())
        .setLimits(
            NodeLimits.newBuilder()
                .setContextTokens(runtime.engine().maxContext())
                .setConcurrentRequests(concurrentRequests))
        .build();
  }
}
