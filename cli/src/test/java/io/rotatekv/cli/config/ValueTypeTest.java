package io.rotatekv.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rotatekv.store.TenantQuotas;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValueTypeTest {

  @ParameterizedTest
  @CsvSource({"0,0", "17,17", "17B,17", "1KiB,1024", "1.5MiB,1572864", "2 GiB,2147483648"})
  void readsSizes(String text, long bytes) {
    assertEquals(bytes, ValueType.BYTES.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "GiB", "-1", "2GB", "2G", "1e9", "99999999999TiB"})
  void refusesWhatIsNoSize(String text) {
    assertThrows(IllegalArgumentException.class, () -> ValueType.BYTES.parse(text));
  }

  @ParameterizedTest
  @CsvSource({"0,0 B", "1023,1023 B", "1024,1 KiB", "1610612736,1.50 GiB"})
  void writesSizes(long bytes, String text) {
    assertEquals(text, new ByteSize(bytes).toString());
  }

  @ParameterizedTest
  @CsvSource({"250ms,PT0.25S", "5s,PT5S", "2m,PT2M", "1h,PT1H"})
  void readsTimes(String text, String iso) {
    assertEquals(Duration.parse(iso), ValueType.DURATION.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "s", "-5s", "5 days"})
  void refusesWhatIsNoTime(String text) {
    assertThrows(IllegalArgumentException.class, () -> ValueType.DURATION.parse(text));
  }

  @ParameterizedTest
  @CsvSource({"0%,0", "95%,0.95", "12.5%,0.125", "100%,1"})
  void readsShares(String text, double share) {
    assertEquals(share, ValueType.SHARE.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "%", "0.95", "-1%", "101%", "half%"})
  void refusesWhatIsNoShare(String text) {
    assertThrows(IllegalArgumentException.class, () -> ValueType.SHARE.parse(text));
  }

  @Test
  void readsTenantsAndTheirQuotas() {
    assertEquals(TenantQuotas.OPEN, TenantQuotaText.parse(""));
    assertEquals(
        new TenantQuotas(Map.of("alice", 2L << 30, "bob", 0L), OptionalLong.empty()),
        TenantQuotaText.parse("alice=2GiB, bob=0"));
    assertEquals(
        new TenantQuotas(Map.of(), OptionalLong.of(1024)), TenantQuotaText.parse("*=1KiB"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"alice", "=1GiB", "alice=", "alice=1GiB,", "alice=1,alice=2"})
  void refusesWhatIsNoQuota(String text) {
    assertThrows(IllegalArgumentException.class, () -> TenantQuotaText.parse(text));
  }

  @Test
  void wordsMustBeKnown() {
    ValueType<String> type = ValueType.oneOf("auto", "simd");
    assertEquals("simd", type.parse("simd"));
    assertEquals(
        "'gpu' is not one of [auto, simd]",
        assertThrows(IllegalArgumentException.class, () -> type.parse("gpu")).getMessage());
  }

  @Test
  void variableNamesFollowTheKey() {
    assertEquals("ROTATEKV_DECODE_FETCH_TIMEOUT", ConfigKeys.DECODE_FETCH_TIMEOUT.variable());
  }
}
