package io.rotatekv.store;

import java.time.Duration;
import java.util.List;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/**
 * Leases, pins and eviction of the index under Lincheck's model checker, which tries interleavings
 * one by one: what threads see must be what they would see one after the other. The clock stands
 * where the leases of all committed sets have run out, so a set may be evicted, or used, which
 * leases it anew, and never both in the wrong order.
 */
@Param(name = "set", gen = IntGen.class, conf = "0:1")
public class LeaseModelTest {

  /** Caffeine's, which others have checked; but not the walk over its order, which calls back. */
  private static final String[] ATOMIC = {
    "getIfPresent", "getIfPresentQuietly", "put", "putIfAbsent", "invalidate", "maintenance"
  };

  private static final long COMMITTED = 0;
  private static final long NOW = 10;
  private static final Duration LEASE = Duration.ofMillis(5);
  private static final int CHAIN = 1;
  private static final BlockNamespace NAMESPACE = new BlockNamespace("aa", "bb", "");

  private final TenantUsage tenant = new TenantUsage("", 0, 4096);
  private final SetIndex index = new SetIndex(16, LEASE, Duration.ZERO, 1);

  /** A chain of two sets whose leases have run out. */
  public LeaseModelTest() {
    var _ = index.link(set(0, COMMITTED));
    var _ = index.link(set(1, COMMITTED));
  }

  /** A read, or a put that is told that the set is there. */
  @Operation(params = "set")
  public boolean use(int set) {
    return index.use(NAMESPACE, Chains.key(CHAIN, set), NOW).set() != null;
  }

  /** A look-up. */
  @Operation(params = "set")
  public boolean peek(int set) {
    return index.peek(NAMESPACE, Chains.key(CHAIN, set), NOW).set() != null;
  }

  /** Makes room for one page. */
  @Operation
  public int evict() {
    return index.evict(NOW, 1, null).size();
  }

  /** A commit. */
  @Operation(params = "set")
  public boolean commit(int set) {
    return index.link(set(set, NOW));
  }

  /** A delete, or the drop of a damaged set. */
  @Operation(params = "set")
  public boolean delete(int set) {
    StoredSet found = index.peek(NAMESPACE, Chains.key(CHAIN, set), NOW).set();
    return found != null && index.unlink(found, io.rotatekv.v1.MissReason.MISS_REASON_ABSENT);
  }

  /** A pin. */
  @Operation(params = "set")
  public int pin(int set) {
    StoredSet found = index.peek(NAMESPACE, Chains.key(CHAIN, set), NOW).set();
    return found == null ? 0 : index.pin(tenant, List.of(found), "holder", NOW + 100, NOW);
  }

  @Test
  void whatThreadsSeeIsWhatTheyWouldSeeOneAfterTheOther() {
    new ModelCheckingOptions()
        .threads(2)
        .actorsPerThread(2)
        .actorsBefore(0)
        .actorsAfter(1)
        .iterations(Torture.rounds(8, 100))
        .invocationsPerIteration(Torture.rounds(100, 2_000))
        .addGuarantee(
            ManagedStrategyGuaranteeKt.forClasses(name -> name.startsWith("com.github.benmanes."))
                .methods(ATOMIC)
                .treatAsAtomic())
        .check(LeaseModelTest.class);
  }

  private StoredSet set(int index, long committedAt) {
    LayerTable layers = new LayerTable(1);
    layers.set(0, 64, 0);
    SetSpec spec = new SetSpec(Chains.key(CHAIN, index), Chains.key(CHAIN, index - 1), index, 64);
    return new StoredSet(new Manifest(index + 1, spec, NAMESPACE, 1, committedAt, layers), tenant);
  }
}
