package io.rotatekv.proto;

import io.grpc.stub.StreamObserver;
import io.rotatekv.v1.DescribeRequest;
import io.rotatekv.v1.DescribeResponse;
import io.rotatekv.v1.NodeGrpc;

/** Answers what a node is; the same all its life. */
public final class NodeService extends NodeGrpc.NodeImplBase {

  private final DescribeResponse description;

  /** A service that answers with this. */
  public NodeService(DescribeResponse description) {
    this.description = description;
  }

  /** The build's version as its jar says it; "development" where classes run from a folder. */
  public static String version() {
    String version = NodeService.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  @Override
  public void describe(DescribeRequest request, StreamObserver<DescribeResponse> observer) {
    observer.onNext(description);
    observer.onCompleted();
  }
}
