package io.rotatekv.proto.stores;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.rotatekv.proto.StoreClient;
import io.rotatekv.proto.StoreClientOptions;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StoreMembersTest {

  private final AtomicLong seconds = new AtomicLong();
  private volatile List<String> addresses = List.of("127.0.0.1:1", "127.0.0.1:2");
  private final StoreMembers members =
      new StoreMembers(
          this::resolve,
          target -> StoreClient.connect(StoreClientOptions.of(target, "node", 1)),
          () -> Instant.ofEpochSecond(seconds.get()));

  private List<String> resolve() throws UnknownHostException {
    if (addresses.isEmpty()) {
      throw new UnknownHostException("stores");
    }
    return addresses;
  }

  @AfterEach
  void close() {
    members.close();
  }

  private List<String> targets() {
    return members.now().stream().map(StoreClient::target).toList();
  }

  @Test
  void aNameIsAskedAgainAndKeepsTheClientsOfStoresThatStay() {
    StoreClient kept = members.now().get(1);
    addresses = List.of("127.0.0.1:2", "127.0.0.1:3");
    seconds.addAndGet(29);
    assertEquals(List.of("127.0.0.1:1", "127.0.0.1:2"), targets());
    seconds.addAndGet(1);
    assertEquals(addresses, targets());
    assertSame(kept, members.now().getFirst());
  }

  @Test
  void aNameThatIsGoneForAWhileLosesNoStore() {
    List<String> before = targets();
    addresses = List.of();
    seconds.addAndGet(30);
    assertEquals(before, targets());
    addresses = List.of("127.0.0.1:3");
    seconds.addAndGet(1);
    assertEquals(addresses, targets());
  }
}
