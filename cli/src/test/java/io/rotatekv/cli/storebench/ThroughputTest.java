package io.rotatekv.cli.storebench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.proto.RunningServer;
import io.rotatekv.store.KvStoreServer;
import io.rotatekv.store.StoreConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ThroughputTest {

  private static final Plan PLAN =
      new Plan(Duration.ZERO, List.of(), 1, Duration.ofMillis(1), Duration.ofMillis(100));

  private final Values values = new Values();

  private static RunningServer store(long capacity) {
    return KvStoreServer.start(
        StoreConfig.defaults().withCapacity(capacity).withLease(Duration.ZERO));
  }

  private static RawTcpContender raw(Values values) {
    return RawTcpContender.start(JavaCommand.ofThisProcess("unused"), values);
  }

  @ParameterizedTest
  @EnumSource
  void everyOperationMovesItsBytesThroughTheStoreAndTheRawCopy(Op op) throws Exception {
    try (RunningServer server = store(512L << 20);
        Contender raw = raw(values)) {
      Contender store = new StoreContender(server.address(), values);
      StoreRow row =
          new Throughput(store, raw, null, ProcessHandle.current())
              .measure(new Cell(op, 1 << 20, 2), PLAN);
      assertEquals(op.label(), row.op());
      assertTrue(row.gbS() > 0, row::toString);
      assertTrue(row.rawTcpGbS() != null && row.rawTcpGbS() > 0, row::toString);
      assertEquals(null, row.redisGbS());
      assertTrue(row.p99Ms() >= row.p50Ms() && row.p50Ms() > 0, row::toString);
    }
  }

  @Test
  void aStoreThatLosesValuesIsNoFigure() throws Exception {
    try (RunningServer server = store(96L << 20)) {
      Contender store = new StoreContender(server.address(), values);
      Cell cell = new Cell(Op.GET, 1 << 20, 1);
      store.prepare(cell);
      try (Contender.Caller caller = store.connect(cell, 0)) {
        CommandException failure =
            assertThrows(CommandException.class, () -> callInTurn(caller, cell));
        assertEquals("give it more capacity", failure.cure());
      }
    }
  }

  private static void callInTurn(Contender.Caller caller, Cell cell) throws Exception {
    for (int n = 0; n < cell.callsInTurn(); n++) {
      caller.call(n);
    }
  }

  @Test
  void lookupsAreTimedBesideTraffic() throws Exception {
    try (RunningServer server = store(512L << 20)) {
      StoreRow row =
          new LookupLatency(new StoreContender(server.address(), values), ProcessHandle.current())
              .measure(PLAN.lookupTime());
      assertEquals("lookup_prefix", row.op());
      assertTrue(row.gbS() > 0 && row.p50Ms() > 0, row::toString);
    }
  }

  @Test
  void aRowHasTheFieldsOfTheResults() {
    List<String> names = new ArrayList<>();
    new ObjectMapper()
        .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
        .valueToTree(new StoreRow("store", "get", 1, 1, 1, 1.0, 1.0, 1, 1, 1))
        .fieldNames()
        .forEachRemaining(names::add);
    assertEquals(
        List.of(
            "bench",
            "op",
            "value_bytes",
            "clients",
            "gb_s",
            "raw_tcp_gb_s",
            "redis_gb_s",
            "p50_ms",
            "p99_ms",
            "server_cpu_s_per_gb"),
        names);
  }
}
