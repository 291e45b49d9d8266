package io.rotatekv.model.engine.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ChunkTest {

  // A block's edge before, within and after the chunk.
  @ParameterizedTest
  @CsvSource({
    "0, 64, 0, 0, 1, 0, 0",
    "0, 65, 0, 0, 1, 1, 1",
    "64, 10, 0, 1, 0, 10, 1",
    "70, 10, 6, 1, 0, 16, 1",
    "70, 58, 6, 1, 1, 0, 1",
    "70, 200, 6, 1, 3, 14, 4",
  })
  void tokensFallIntoBlocks(
      int before, int added, int held, int first, int full, int left, int stored) {
    Chunk chunk = new Chunk(before, added);
    assertEquals(held, chunk.held());
    assertEquals(held + added, chunk.tokens());
    assertEquals(first, chunk.firstBlock());
    assertEquals(full, chunk.fullBlocks());
    assertEquals(left, chunk.left());
    assertEquals(stored, chunk.storedBlocks());
  }
}
