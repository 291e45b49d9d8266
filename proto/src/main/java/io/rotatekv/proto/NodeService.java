package io.rotatekv.proto;

import io.grpc.stub.StreamObserver;
import io.rotatekv.v1.DescribeRequest;
import io.rotatekv.v1.DescribeResponse;
import io.rotatekv.v1.FidelityRequest;
import io.rotatekv.v1.FidelityResponse;
import io.rotatekv.v1.NodeGrpc;
import java.util.function.Supplier;

/** Answers what a node is, the same all its life, and what its encoding has lost so far. */
public final class NodeService extends NodeGrpc.NodeImplBase {

  private final DescribeResponse description;
  private final Supplier<FidelityResponse> fidelity;

  /** The service of a node that encodes nothing. */
  public NodeService(DescribeResponse description) {
    this(description, FidelityResponse::getDefaultInstance);
  }

  /** The service of a node that encodes; {@code fidelity} is asked anew each time. */
  public NodeService(DescribeResponse description, Supplier<FidelityResponse> fidelity) {
    this.description = description;
    this.fidelity = fidelity;
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

  @Override
  public void fidelity(FidelityRequest request, StreamObserver<FidelityResponse> observer) {
    observer.onNext(fidelity.get());
    observer.onCompleted();
  }
}
