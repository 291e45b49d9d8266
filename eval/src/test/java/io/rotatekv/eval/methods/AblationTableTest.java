package io.rotatekv.eval.methods;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.codec.KvShape;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AblationTableTest {

  private static final KvShape SMOLLM = new KvShape(30, 3, 64);

  @Test
  void everyRowIsACodecThatCanBeAskedForByName() {
    for (int number : AblationTable.numbers()) {
      for (AblationTable.Row row : AblationTable.of(number, SMOLLM).rows()) {
        assertTrue(MethodCatalog.find(row.codec(), SMOLLM).isPresent(), row.codec());
      }
    }
  }

  @Test
  void headsAndGroupsAreThoseThatTheShapeAllows() {
    assertEquals(
        List.of("rotatekv2-h1", "rotatekv2-h3"),
        AblationTable.of(3, SMOLLM).rows().stream().map(AblationTable.Row::codec).toList());
    assertEquals(
        List.of("rotatekv2-h1", "rotatekv2-h2", "rotatekv2-h4", "rotatekv2-h8"),
        AblationTable.of(3, new KvShape(32, 8, 128)).rows().stream()
            .map(AblationTable.Row::codec)
            .toList());
    assertEquals(9, AblationTable.of(8, SMOLLM).rows().size());
  }

  @Test
  void aTableThatThereIsNotNamesThoseThereAre() {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> AblationTable.of(2, SMOLLM));
    assertTrue(String.valueOf(refusal.getMessage()).contains("1, 3, 7, 8"));
  }

  @Test
  void everyMethodHasItsName() {
    for (String name : MethodCatalog.names()) {
      assertEquals(name, MethodCatalog.find(name, SMOLLM).orElseThrow().name());
    }
  }
}
