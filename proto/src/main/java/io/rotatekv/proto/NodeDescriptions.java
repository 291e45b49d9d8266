package io.rotatekv.proto;

import io.rotatekv.v1.DescribeResponse;
import io.rotatekv.v1.Namespace;
import io.rotatekv.v1.NodeLimits;
import io.rotatekv.v1.NodeRole;

/** What compute nodes say of themselves. */
public final class NodeDescriptions {

  private NodeDescriptions() {}

  /**
   * The description of a node that runs a model.
   *
   * @param namespace the node's model and codec
   */
  public static DescribeResponse of(
      NodeRole role, String model, String codec, Namespace namespace, NodeLimits limits) {
    return DescribeResponse.newBuilder()
        .setRole(role)
        .setVersion(NodeService.version())
        .setModelName(model)
        .setModelFingerprint(namespace.getModelFingerprint())
        .setCodec(codec)
        .setCodecFingerprint(namespace.getCodecFingerprint())
        .setLimits(limits)
        .build();
  }
}
