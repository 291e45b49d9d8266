package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.proto.BlockBatches;
import io.rotatekv.v1.MissReason;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Flips bits of a store's mapped file beneath it. Blocks consist of lines that say where they
 * belong, so that the file tells which block a bit is part of.
 */
class BitFlipTortureTest {

  private static final int LAYERS = 3;
  private static final int LINE_BYTES = 64;
  private static final int LINES = 40;
  private static final int SETS = 500;
  private static final int FLIPS = 10_000;
  private static final long MAGIC = 0x5245_4e49_4c56_4b52L;

  private static final StoreConfig CONFIG =
      StoreConfig.defaults().withPageBytes(4096).withCapacity(2048 * 4096).withLease(Duration.ZERO);

  @TempDir Path folder = Path.of("");
  private final SplittableRandom random = new SplittableRandom(3);

  /** A line of a block, by the set's number, the layer, and its number in the block. */
  private record Line(int set, int layer, int number) {}

  private StoreConfig config() {
    return CONFIG.withFile(folder.resolve("store.map"));
  }

  private MappedByteBuffer mapped() throws Exception {
    try (FileChannel channel =
        FileChannel.open(
            folder.resolve("store.map"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size());
    }
  }

  @Test
  void everyFlippedBitIsDetectedAndNoneIsServed() throws Exception {
    int flipped = 0;
    int detected = 0;
    try (BlockStore store = PagedBlockStore.open(config(), InstantSource.system(), Runnable::run)) {
      MappedByteBuffer file = mapped();
      for (int first = 0; flipped < FLIPS; first += SETS) {
        IntStream.range(first, first + SETS).forEach(set -> put(store, set));
        Map<Line, Integer> lines = lines(file);
        for (int set = first; set < first + SETS; set++) {
          boolean damaged = set % 2 == 0;
          int layer = damaged ? flip(file, lines, set) : -1;
          flipped += damaged ? 1 : 0;
          detected += read(store, set, layer) ? 1 : 0;
        }
        store.delete(Chains.NAMESPACE, keys(first, first + SETS));
      }
      assertEquals(flipped, detected);
      assertEquals(flipped, store.stats().flow().corruptSets());
      assertTrue(flipped >= FLIPS);
      System.out.printf("bit flips: %d flipped, %d detected, 0 served%n", flipped, detected);
    }
  }

  @Test
  void bitsFlippedInManifestsWhileTheStoreIsDownGiveMissesOrTheRightBytes() throws Exception {
    try (BlockStore store = PagedBlockStore.open(config(), InstantSource.system(), Runnable::run)) {
      IntStream.range(0, SETS).forEach(set -> put(store, set));
    }
    MappedByteBuffer file = mapped();
    Map<Line, Integer> lines = lines(file);
    for (int set = 0; set < SETS; set += 2) {
      // The manifest lies before a set's first block.
      flipWithin(file, offset(lines, new Line(set, 0, 0)) - 192, 192);
    }
    file.force();
    int whole = 0;
    try (BlockStore store = PagedBlockStore.open(config(), InstantSource.system(), Runnable::run)) {
      for (int set = 0; set < SETS; set++) {
        int blocks = countRight(store, set);
        whole += blocks == LAYERS ? 1 : 0;
        assertTrue(set % 2 == 0 || blocks == LAYERS, "an undamaged set was lost");
      }
    }
    assertTrue(whole < SETS, "no manifest was hit");
  }

  private int flip(MappedByteBuffer file, Map<Line, Integer> lines, int set) {
    Line line = new Line(set, random.nextInt(LAYERS), random.nextInt(LINES));
    flipWithin(file, offset(lines, line), LINE_BYTES);
    return line.layer();
  }

  private static int offset(Map<Line, Integer> lines, Line line) {
    return Objects.requireNonNull(lines.get(line), line::toString);
  }

  private void flipWithin(MappedByteBuffer file, int offset, int length) {
    int at = offset + random.nextInt(length);
    file.put(at, (byte) (file.get(at) ^ 1 << random.nextInt(Byte.SIZE)));
  }

  /** Where each line of every block lies in the file. */
  private static Map<Line, Integer> lines(MappedByteBuffer file) {
    Map<Line, Integer> lines = new HashMap<>();
    for (int at = 0; at + LINE_BYTES <= file.capacity(); at++) {
      if (file.getLong(at) == MAGIC) {
        lines.put(new Line(file.getInt(at + 8), file.getInt(at + 12), file.getInt(at + 16)), at);
        at += LINE_BYTES - 1;
      }
    }
    return lines;
  }

  /** Whether the damage in a layer was detected; everything that is served must be right. */
  private static boolean read(BlockStore store, int set, int damagedLayer) {
    boolean corrupt = false;
    int served = 0;
    ByteBuffer into = ByteBuffer.allocate(LINES * LINE_BYTES);
    try (BlockCursor cursor = store.get(Chains.NAMESPACE, List.of(key(set)), 0, LAYERS)) {
      for (BlockCursor.Item item = cursor.next(into);
          item != null;
          item = cursor.next(into.clear())) {
        if (item instanceof BlockCursor.Block block) {
          assertTrue(block.layer() != damagedLayer, "a damaged block was served");
          assertEquals(block(set, block.layer()), into.flip());
          served++;
        } else {
          corrupt |= item.equals(new BlockCursor.Missed(0, MissReason.MISS_REASON_CORRUPT));
        }
      }
    }
    assertTrue(damagedLayer >= 0 || served == LAYERS, "an undamaged set was not served whole");
    return corrupt;
  }

  private static int countRight(BlockStore store, int set) {
    int right = 0;
    ByteBuffer into = ByteBuffer.allocate(LINES * LINE_BYTES);
    try (BlockCursor cursor = store.get(Chains.NAMESPACE, List.of(key(set)), 0, LAYERS)) {
      for (BlockCursor.Item item = cursor.next(into);
          item != null;
          item = cursor.next(into.clear())) {
        if (item instanceof BlockCursor.Block block) {
          assertEquals(block(set, block.layer()), into.flip());
          right++;
        }
      }
    }
    return right;
  }

  private static void put(BlockStore store, int set) {
    SetSpec spec = new SetSpec(key(set), new BlockKey(0, 0, 0, 0), 0, 64);
    try (OpenPut put =
        store.beginPut(new PutSpec("p", 1, Chains.NAMESPACE, LAYERS, List.of(spec)))) {
      for (int layer = 0; layer < LAYERS; layer++) {
        ByteBuffer block = block(set, layer);
        put.add(0, layer, block, BlockBatches.crc32c(block));
      }
      put.commit();
    }
  }

  private static ByteBuffer block(int set, int layer) {
    ByteBuffer block = ByteBuffer.allocate(LINES * LINE_BYTES);
    SplittableRandom filler = new SplittableRandom(31L * set + layer);
    for (int line = 0; line < LINES; line++) {
      block.position(line * LINE_BYTES);
      block.putLong(MAGIC).putInt(set).putInt(layer).putInt(line);
      while (block.position() % LINE_BYTES != 0) {
        block.put((byte) filler.nextInt());
      }
    }
    return block.flip();
  }

  private static List<BlockKey> keys(int from, int to) {
    return IntStream.range(from, to).mapToObj(BitFlipTortureTest::key).toList();
  }

  private static BlockKey key(int set) {
    return new BlockKey(set, 1, 2, 3);
  }
}
