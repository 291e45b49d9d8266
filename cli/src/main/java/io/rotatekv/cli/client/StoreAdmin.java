package io.rotatekv.cli.client;

import com.google.common.net.HostAndPort;
import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.proto.Channels;
import io.rotatekv.proto.StatusMapping;
import io.rotatekv.proto.Wire;
import io.rotatekv.v1.DeleteRequest;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.KvStoreGrpc.KvStoreBlockingStub;
import io.rotatekv.v1.ListRequest;
import io.rotatekv.v1.ListResponse;
import io.rotatekv.v1.Namespace;
import io.rotatekv.v1.SetEntry;
import io.rotatekv.v1.StatsRequest;
import io.rotatekv.v1.StatsResponse;
import io.rotatekv.v1.VerifyRequest;
import io.rotatekv.v1.VerifyResponse;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A connection to one store, for people: what fails says what to do, and nothing is retried. */
public final class StoreAdmin implements AutoCloseable {

  private final HostAndPort target;
  private final Duration timeout;
  private final ManagedChannel channel;

  /**
   * Connects at the first call.
   *
   * @param timeout for each call; for listings and verifications from beginning to end
   */
  public StoreAdmin(HostAndPort target, Duration timeout) {
    this.target = target;
    this.timeout = timeout;
    this.channel = Channels.control(target.toString());
  }

  /** The store's figures. */
  public StatsResponse stats() {
    return explained(() -> stub().stats(StatsRequest.getDefaultInstance()));
  }

  /**
   * Gives every set of a tenant, or of all.
   *
   * @param tenant null for all
   */
  public void list(@Nullable String tenant, Consumer<SetEntry> sets) {
    ListRequest.Builder request = ListRequest.newBuilder();
    if (tenant != null) {
      request.setTenant(tenant);
    }
    explained(() -> {
      Iterator<ListResponse> pages = stub().list(request.build());
      pages.forEachRemaining(page -> page.getSetsList().forEach(sets));
      return true;
    });
  }

  /**
   * Checks every set of a tenant, or of all, and gives the reports as they come.
   *
   * @param tenant null for all
   */
  public void verify(@Nullable String tenant, Consumer<VerifyResponse> reports) {
    VerifyRequest.Builder request = VerifyRequest.newBuilder();
    if (tenant != null) {
      request.setTenant(tenant);
    }
    explained(() -> {
      stub().verify(request.build()).forEachRemaining(reports);
      return true;
    });
  }

  /** Removes sets of one namespace; returns how many were there. */
  public int delete(Namespace namespace, List<ByteString> keys) {
    int deleted = 0;
    for (List<ByteString> some : Wire.calls(keys)) {
      DeleteRequest request =
          DeleteRequest.newBuilder().setNamespace(namespace).addAllKeys(some).build();
      deleted += explained(() -> stub().delete(request)).getDeleted();
    }
    return deleted;
  }

  @Override
  public void close() {
    Channels.close(channel);
  }

  private KvStoreBlockingStub stub() {
    return KvStoreGrpc.newBlockingStub(channel)
        .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  private <T> T explained(Supplier<T> call) {
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      Status.Code code = e.getStatus().getCode();
      String what = StatusMapping.fromStatus(e, "the store").getMessage();
      throw new CommandException("%s: %s (%s)".formatted(target, what, code), cure(code), e);
    }
  }

  private static String cure(Status.Code code) {
    return switch (code) {
      case UNAVAILABLE ->
          "is a store running there? 'rotatekv up' and 'rotatekv kv-store' print its address";
      case UNIMPLEMENTED, INTERNAL, UNKNOWN ->
          "this is no store, or one of another version; check --target";
      case DEADLINE_EXCEEDED -> "allow more time with --timeout";
      case PERMISSION_DENIED, NOT_FOUND ->
          "'rotatekv store stats' lists the tenants; the store's configuration names more";
      default -> "the store's log says more";
    };
  }
}
