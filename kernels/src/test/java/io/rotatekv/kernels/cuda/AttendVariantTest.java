package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import org.junit.jupiter.api.Test;

/** Names and sizes as the CUDA sources have them. */
final class AttendVariantTest {

  private static final KvShape LLAMA_2_7B = new KvShape(32, 32, 128);
  private static final KvShape LLAMA_3_8B = new KvShape(32, 8, 128);

  @Test
  void hopperHasItsOwnKernelForTheCommonShapesOfCentred() {
    assertEquals(
        new AttendVariant("attend_centred_sm90", "attend_centred_d128_g4_q4_sm90", 384, 204928, 4),
        AttendVariant.of(90, CodecSpec.CENTRED_2, LLAMA_3_8B, 4));
    assertEquals(
        "attend_blocks", AttendVariant.of(80, CodecSpec.CENTRED_2, LLAMA_3_8B, 4).source());
    assertEquals(
        "attend_blocks", AttendVariant.of(90, CodecSpec.CENTRED_2, LLAMA_3_8B, 3).source());
  }

  @Test
  void sharedMemoryHoldsTwoStagesAndTheTableOfScales() {
    assertBlocks("attend_centred2_d128_g4_t1", 25_728, CodecSpec.CENTRED_2, LLAMA_2_7B, 1);
    assertBlocks("attend_rotatekv2_d128_g4_t1", 66_688, CodecSpec.ROTATEKV_2, LLAMA_2_7B, 1);
    assertBlocks("attend_rotatekv2_d128_g4_t2", 35_968, CodecSpec.ROTATEKV_2, LLAMA_3_8B, 4);
    assertEquals(
        new AttendVariant("attend_halves", "attend_halves_d128", 128, 65_536, 1),
        AttendVariant.of(90, CodecSpec.FP16, LLAMA_3_8B, 4));
  }

  @Test
  void queriesOfFourHeadsAreRoundedUpToOneTwoOrFourTiles() {
    String[] tiles = {"t1", "t1", "t2", "t2", "t4", "t4", "t4", "t4"};
    for (int queries = 1; queries <= tiles.length; queries++) {
      String entry = AttendVariant.of(80, CodecSpec.ROTATEKV_3, LLAMA_3_8B, queries).entry();
      assertEquals("attend_rotatekv34_d128_g4_" + tiles[queries - 1], entry);
    }
  }

  @Test
  void rotationsOfFewerHeadsHaveOneVariant() {
    for (int kvHeads = 1; kvHeads <= 3; kvHeads++) {
      KvShape shape = new KvShape(1, kvHeads, 64);
      String entry = AttendVariant.of(80, CodecSpec.ROTATEKV_4, shape, 8).entry();
      assertEquals("attend_rotatekv34_d64_g%d_t%d".formatted(kvHeads, kvHeads), entry);
    }
  }

  @Test
  void moreThanEightQueriesAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> AttendVariant.of(90, CodecSpec.FP16, new KvShape(1, 1, 128), 9));
  }

  @Test
  void shapedBlocksAreReadAsCentredOnes() {
    assertEquals(
        AttendVariant.of(90, CodecSpec.CENTRED_2, LLAMA_3_8B, 4),
        AttendVariant.of(90, CodecSpec.SHAPED_2, LLAMA_3_8B, 4));
    assertEquals(
        "attend_centred34_d128_g4_t2",
        AttendVariant.of(90, CodecSpec.SHAPED_3, LLAMA_3_8B, 4).entry());
    assertBlocks("attend_centred34_d128_g4_t1", 50_304, CodecSpec.SHAPED_4, LLAMA_2_7B, 1);
  }

  private static void assertBlocks(
      String entry, int sharedBytes, CodecSpec spec, KvShape shape, int queries) {
    assertEquals(
        new AttendVariant("attend_blocks", entry, 128, sharedBytes, 4),
        AttendVariant.of(80, spec, shape, queries));
  }
}
