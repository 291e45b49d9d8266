package io.rotatekv.cli.storebench;

import com.google.common.net.HostAndPort;
import com.google.protobuf.ByteString;
import io.rotatekv.cli.client.StoreAdmin;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.proto.GetResult;
import io.rotatekv.proto.PutSession;
import io.rotatekv.proto.StoreClient;
import io.rotatekv.proto.StoreClientOptions;
import io.rotatekv.proto.Wire;
import io.rotatekv.v1.BlockSetInfo;
import io.rotatekv.v1.Namespace;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;

/**
 * Our store. A call that does not stream moves a set of one block; one that streams moves a chain
 * of sets of many layers, as a prompt's blocks travel. Puts are always of new keys, for a store of
 * content addresses takes no block twice; so a store that is full evicts at each.
 */
final class StoreContender implements Contender {

  static final Namespace NAMESPACE =
      Namespace.newBuilder()
          .setModelFingerprint(ByteString.copyFromUtf8("bench"))
          .setCodecFingerprint(ByteString.copyFromUtf8("bench"))
          .build();

  private static final int STREAM_LAYERS = 32;
  private static final int LOAD_SETS = 64;
  private static final Duration TIMEOUT = Duration.ofMinutes(1);

  private final String target;
  private final Values values;
  private final AtomicLong nextChain = new AtomicLong();
  private final Queue<ByteString> stored = new ConcurrentLinkedQueue<>();
  private List<Chain> chains = List.of();

  /** Keys of sets that one call reads. */
  private record Chain(List<ByteString> keys, int layers) {}

  StoreContender(String target, Values values) {
    this.target = target;
    this.values = values;
  }

  @Override
  public void prepare(Cell cell) {
    chains = List.of();
    deleteStored(); // or what is about to be read makes room for it
    if (cell.op().writes()) {
      return;
    }
    List<Chain> loaded = new ArrayList<>();
    try (StoreClient client = client("loader")) {
      while (loaded.size() < cell.callsInTurn()) {
        loaded.addAll(load(client, cell, cell.callsInTurn() - loaded.size()));
      }
    }
    chains = loaded;
  }

  @Override
  public Caller connect(Cell cell, int number) {
    StoreClient client = client("client-" + number);
    return new Caller() {
      @Override
      public void call(long n) {
        if (cell.op().writes()) {
          Chain chain = newChain(setsPerCall(cell), layers(cell));
          put(client, cell, chain.keys(), chain.layers());
        } else {
          get(client, cell, chains.get((int) ((n + number) % chains.size())));
        }
      }

      @Override
      public void close() {
        client.close();
      }
    };
  }

  @Override
  public void close() {}

  StoreClient client(String name) {
    return StoreClient.connect(
        StoreClientOptions.of(target, "bench-" + name, 1)
            .withCallTimeout(TIMEOUT)
            .withPutSilence(TIMEOUT)); // A node would compute instead; a benchmark can wait.
  }

  /** Puts a few of the chains that are left; those of one block many at a time. */
  private List<Chain> load(StoreClient client, Cell cell, int left) {
    if (cell.op().streams()) {
      Chain chain = newChain(setsPerCall(cell), layers(cell));
      put(client, cell, chain.keys(), chain.layers());
      return List.of(chain);
    }
    Chain chain = newChain(Math.min(left, LOAD_SETS), 1);
    put(client, cell, chain.keys(), 1);
    return chain.keys().stream().map(key -> new Chain(List.of(key), 1)).toList();
  }

  private void deleteStored() {
    try (StoreAdmin admin = new StoreAdmin(HostAndPort.fromString(target), TIMEOUT)) {
      admin.delete(NAMESPACE, List.copyOf(stored));
    }
    stored.clear();
  }

  private void put(StoreClient client, Cell cell, List<ByteString> keys, int layers) {
    stored.addAll(keys);
    try (PutSession put = client.put(NAMESPACE, layers, infos(keys))) {
      for (int layer = 0; layer < layers; layer++) {
        for (int key = 0; key < keys.size(); key++) {
          put.add(key, layer, values.value((long) layer * keys.size() + key, cell.valueBytes()));
        }
      }
      put.commit();
    }
  }

  private static void get(StoreClient client, Cell cell, Chain chain) {
    GetResult result =
        client.get(NAMESPACE, chain.keys(), 0, chain.layers(), TIMEOUT, (_, _, _) -> {});
    if (result.bytes() != cell.bytesPerCall()) {
      throw new CommandException(
          "the store gave %d of %d bytes: %s"
              .formatted(result.bytes(), cell.bytesPerCall(), result.misses()),
          "give it more capacity");
    }
  }

  private Chain newChain(int sets, int layers) {
    long chain = nextChain.getAndIncrement();
    return new Chain(LongStream.range(0, sets).mapToObj(i -> key(chain, i)).toList(), layers);
  }

  static List<BlockSetInfo> infos(List<ByteString> keys) {
    List<BlockSetInfo> infos = new ArrayList<>();
    ByteString parent = ByteString.copyFrom(new byte[Wire.KEY_BYTES]);
    for (ByteString key : keys) {
      infos.add(
          BlockSetInfo.newBuilder()
              .setKey(key)
              .setParentKey(parent)
              .setChainIndex(infos.size())
              .setTokenCount(Wire.BLOCK_TOKENS)
              .build());
      parent = key;
    }
    return infos;
  }

  static ByteString key(long chain, long index) {
    ByteBuffer bytes = ByteBuffer.allocate(Wire.KEY_BYTES);
    return ByteString.copyFrom(
        bytes.putLong(chain + 1).putLong(index).putLong(7).putLong(9).flip());
  }

  private static int layers(Cell cell) {
    return Math.min(cell.valuesPerCall(), STREAM_LAYERS);
  }

  private static int setsPerCall(Cell cell) {
    return cell.valuesPerCall() / layers(cell);
  }
}
