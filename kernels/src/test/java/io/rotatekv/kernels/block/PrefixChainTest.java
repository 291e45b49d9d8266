package io.rotatekv.kernels.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PrefixChainTest {

  private static final byte[] CODEC = new byte[32];
  private static final BlockKey ROOT = PrefixChain.root("model", CODEC, "");

  @Test
  void keyIsTheHashOfThePreviousKeyAndTheTokens() throws Exception {
    int[] tokens = IntStream.range(0, 128).toArray();
    List<BlockKey> keys = PrefixChain.keys(ROOT, tokens);
    ByteBuffer bytes = ByteBuffer.wrap(new byte[32 + 256]).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(keys.get(0).toBytes());
    IntStream.range(64, 128).forEach(bytes::putInt);
    byte[] expected = MessageDigest.getInstance("SHA-256").digest(bytes.array());
    assertEquals(BlockKey.of(expected), keys.get(1));
  }

  @Test
  void onlyFullBlocksHaveKeysAndAPrefixKeepsThem() {
    int[] tokens = IntStream.range(0, 191).toArray();
    List<BlockKey> keys = PrefixChain.keys(ROOT, tokens);
    assertEquals(2, keys.size());
    assertEquals(keys.subList(0, 1), PrefixChain.keys(ROOT, IntStream.range(0, 64).toArray()));
  }

  @Test
  void appendingGivesTheSameKeys() {
    PrefixChain chain = new PrefixChain(ROOT);
    for (int token = 0; token < 130; token++) {
      assertEquals(token % 64 == 63, chain.append(token));
    }
    assertEquals(130, chain.tokens());
    assertEquals(PrefixChain.keys(ROOT, IntStream.range(0, 130).toArray()), chain.keys());
  }

  @Test
  void anEarlierTokenChangesAllLaterKeys() {
    int[] tokens = IntStream.range(0, 128).toArray();
    List<BlockKey> keys = PrefixChain.keys(ROOT, tokens);
    tokens[3] = 77;
    List<BlockKey> others = PrefixChain.keys(ROOT, tokens);
    assertNotEquals(keys.get(0), others.get(0));
    assertNotEquals(keys.get(1), others.get(1));
  }

  @Test
  void modelCodecAndTenantHaveRootsOfTheirOwn() {
    assertNotEquals(ROOT, PrefixChain.root("model", CODEC, "tenant"));
    assertNotEquals(ROOT, PrefixChain.root("model2", CODEC, ""));
    assertNotEquals(ROOT, PrefixChain.root("model", new byte[] {1}, ""));
    assertNotEquals(PrefixChain.root("ab", CODEC, "c"), PrefixChain.root("a", CODEC, "bc"));
  }

  @Test
  void keysPrintAndParse() {
    assertEquals(ROOT, BlockKey.parse(ROOT.toString()));
    assertEquals(ROOT, BlockKey.of(ROOT.toBytes()));
    assertEquals(64, ROOT.toString().length());
    assertThrows(IllegalArgumentException.class, () -> BlockKey.of(new byte[31]));
    assertThrows(IllegalArgumentException.class, () -> BlockKey.parse("00ff"));
  }
}
