package io.rotatekv.cli.storebench;

import com.google.protobuf.ByteString;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.proto.PutSession;
import io.rotatekv.proto.StoreClient;
import io.rotatekv.proto.Wire;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;

/**
 * The time of a look-up of a long prefix while blocks travel. Both follow a timetable: a look-up
 * that starts late because the one before was slow is timed from when it was due, so that a stall
 * is not counted once but for all that it held up.
 */
final class LookupLatency {

  private static final int BLOCKS = 1000;
  private static final int BLOCK_BYTES = 1024;
  private static final Duration EVERY = Duration.ofMillis(5);

  private static final Cell TRAFFIC = new Cell(Op.GET, 1 << 20, 1);
  private static final double TRAFFIC_BYTES_PER_SECOND = 100e6;

  private static final double MS_PER_NS = 1e-6;

  private final StoreContender store;
  private final ProcessHandle server;

  LookupLatency(StoreContender store, ProcessHandle server) {
    this.store = store;
    this.server = server;
  }

  StoreRow measure(Duration time) throws InterruptedException {
    store.prepare(TRAFFIC);
    List<ByteString> keys = LongStream.range(0, BLOCKS).mapToObj(i -> key(i)).toList();
    try (StoreClient client = store.client("lookup");
        ExecutorService background = Executors.newSingleThreadExecutor()) {
      load(client, keys);
      lookUp(client, keys, time.dividedBy(4)); // to warm up
      Duration cpu = cpuTime();
      Future<Double> traffic = background.submit(() -> traffic(time));
      Histogram times = lookUp(client, keys, time);
      double gbS = rate(traffic);
      return new StoreRow(
          "store",
          "lookup_prefix",
          BLOCKS * Wire.KEY_BYTES,
          1,
          gbS,
          null,
          null,
          times.getValueAtPercentile(50) * MS_PER_NS,
          times.getValueAtPercentile(99) * MS_PER_NS,
          cpuTime().minus(cpu).toMillis() * 1e-3 / (gbS * time.toMillis() * 1e-3));
    }
  }

  private static Histogram lookUp(StoreClient client, List<ByteString> keys, Duration time) {
    Histogram times = new Histogram(3);
    Timetable timetable = new Timetable(EVERY);
    while (timetable.elapsed() < time.toNanos()) {
      long due = timetable.awaitNext();
      int present = client.lookupPrefix(StoreContender.NAMESPACE, keys).present();
      times.recordValue(System.nanoTime() - due);
      if (present != BLOCKS) {
        throw new CommandException("the store lost blocks during the look-ups", "");
      }
    }
    return times;
  }

  /** 10^9 bytes a second that did travel. */
  private double traffic(Duration time) throws InterruptedException {
    Duration every =
        Duration.ofNanos((long) (TRAFFIC.valueBytes() / TRAFFIC_BYTES_PER_SECOND * 1e9));
    Timetable timetable = new Timetable(every);
    long calls = 0;
    try (Contender.Caller caller = store.connect(TRAFFIC, 0)) {
      while (timetable.elapsed() < time.toNanos()) {
        timetable.awaitNext();
        caller.call(calls++);
      }
    } catch (java.io.IOException e) {
      throw new CommandException("the traffic failed: " + e.getMessage(), "", e);
    }
    return calls * TRAFFIC.bytesPerCall() * 1e-9 / (timetable.elapsed() * 1e-9);
  }

  private static double rate(Future<Double> traffic) throws InterruptedException {
    try {
      return traffic.get();
    } catch (ExecutionException e) {
      throw new CommandException("the traffic failed: " + e.getCause(), "", e);
    }
  }

  private static void load(StoreClient client, List<ByteString> keys) {
    Values small = new Values();
    try (PutSession put = client.put(StoreContender.NAMESPACE, 1, StoreContender.infos(keys))) {
      for (int i = 0; i < keys.size(); i++) {
        put.add(i, 0, small.value(i, BLOCK_BYTES));
      }
      put.commit();
    }
  }

  private static ByteString key(long index) {
    return StoreContender.key(Long.MIN_VALUE, index);
  }

  private Duration cpuTime() {
    return server.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  /** Instants that are so far apart, whatever happens at them. */
  private static final class Timetable {

    private final long start = System.nanoTime();
    private final long every;
    private long due = start;

    Timetable(Duration every) {
      this.every = every.toNanos();
    }

    long elapsed() {
      return System.nanoTime() - start;
    }

    /** Waits for the next instant, if it is to come, and returns it. */
    long awaitNext() {
      due += every;
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      return due;
    }
  }
}
