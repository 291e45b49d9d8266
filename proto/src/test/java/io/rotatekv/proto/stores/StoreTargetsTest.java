package io.rotatekv.proto.stores;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreTargetsTest {

  @Test
  void aListIsWhatItSays() throws UnknownHostException {
    assertEquals(List.of("a:1", "[::1]:2"), StoreTargets.parse("a:1, [::1]:2,a:1").resolve());
  }

  @Test
  void aNameStandsForAllItsAddresses() throws UnknownHostException {
    assertEquals(new StoreTargets.Named("stores", 7000), StoreTargets.parse("dns:stores:7000"));
    assertEquals(new StoreTargets.Named("stores", 7000), StoreTargets.parse("dns:///stores:7000"));
    assertEquals(List.of("127.0.0.1:70"), StoreTargets.parse("dns:127.0.0.1:70").resolve());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "a:b", "a:1,", "a:1;b:2", "dns:a", "dns:"})
  void anythingElseIsRefusedWithWhatIsExpected(String text) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> StoreTargets.parse(text));
    assertTrue(String.valueOf(e.getMessage()).contains("is not host:port"));
  }
}
