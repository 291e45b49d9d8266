package io.rotatekv.cli.storebench;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.config.Settings;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StoreRecoveryTest {

  private static final long CAPACITY = 96L << 20;

  @Test
  void aStoreKilledUnderPutsIsTimedAtItsNextStart() throws Exception {
    Settings settings =
        Settings.of(null, Map.of("ROTATEKV_STORE_CAPACITY", Long.toString(CAPACITY)), List.of());
    JavaCommand java = JavaCommand.ofThisProcess("io.rotatekv.cli.Main");
    RecoveryRow row = new StoreRecovery(java, settings, new Values()).measure();
    assertTrue(row.fileBytes() >= CAPACITY, row::toString);
    assertTrue(row.recoveredSets() > 0, row::toString);
    assertTrue(row.recoveryS() > 0 && row.sPerGib() > 0, row::toString);
  }
}
