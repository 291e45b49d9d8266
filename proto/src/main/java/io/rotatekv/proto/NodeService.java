package io.rotatekv.proto;

import io.grpc.stub.StreamObserver;
import io.rotatekv.v1.DescribeRequest;
import io.rotatekv.v1.DescribeResponse;
import io.rotatekv.v1.NodeGrpc;

/** Answers what a node is; the same all its life. */
public final class NodeService extends NodeGrpc.NodeImplBase {

  private final DescribeResponse description;

  public NodeService(DescribeResponse description) {
    this.description = description;
  }

  @Override
  public void describe(DescribeRequest request, StreamObserver<DescribeResponse> observer) {
    observer.onNext(description);
    observer.onCompleted();
  }
}
