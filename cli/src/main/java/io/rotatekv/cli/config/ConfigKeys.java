package io.rotatekv.cli.config;

import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.proto.stores.StoreTargets;
import io.rotatekv.store.TenantQuotas;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Every configuration key. {@code deploy/cluster.yaml} shows them all with their defaults. */
public final class ConfigKeys {

  /** What every environment variable of ours starts with. */
  static final String VARIABLE_PREFIX = "ROTATEKV_";

  /**
   * Variables of ours that are not configuration keys; the launcher, the model cache or the GPU
   * reads them.
   */
  static final Set<String> OTHER_VARIABLES =
      Set.of("ROTATEKV_JAVA_HOME", "ROTATEKV_CACHE", "ROTATEKV_CUBLAS");

  private static final ValueType<Integer> COUNT = ValueType.integer(0, 256);
  private static final ValueType<Integer> POSITIVE = ValueType.integer(1, Integer.MAX_VALUE);
  private static final ValueType<Integer> NOT_NEGATIVE = ValueType.integer(0, Integer.MAX_VALUE);
  private static final ValueType<String> BACKEND =
      ValueType.oneOf("auto", "cpu", "cuda", "simd", "scalar");

  private static final ValueType<String> STORES =
      text -> {
        if (!text.isEmpty()) {
          var _ = StoreTargets.parse(text);
        }
        return text;
      };

  public static final ConfigKey<String> MODEL_PATH =
      new ConfigKey<>(
          "model",
          "path",
          ValueType.TEXT,
          "smollm2-135m",
          "a GGUF file, a Hugging Face folder, or smollm2-135m, which is fetched");
  public static final ConfigKey<String> MODEL_CODEC =
      new ConfigKey<>(
          "model",
          "codec",
          ValueType.CODEC,
          CodecSpec.DEFAULT.name(),
          "fp16, shaped2 to 4, rotatekv2 to 4 or centred2; all nodes must agree");
  public static final ConfigKey<Optional<Path>> MODEL_CALIBRATION =
      new ConfigKey<>(
          "model",
          "calibration",
          ValueType.OPTIONAL_PATH,
          "",
          "what `rotatekv calibrate` wrote; empty for the one shipped with the model");
  public static final ConfigKey<String> MODEL_ATTEND =
      new ConfigKey<>(
          "model",
          "attend",
          ValueType.oneOf("block", "full", "quantized"),
          "block",
          "what a token attends over unquantized: its own block, all fresh tokens (full) or nothing");

  public static final ConfigKey<Integer> STORE_COUNT =
      new ConfigKey<>(
          "store", "count", COUNT, "1", "how many `up` starts; 0 to use those at prefill.store");
  public static final ConfigKey<Integer> STORE_REPLICAS =
      new ConfigKey<>(
          "store",
          "replicas",
          ValueType.integer(1, 256),
          "1",
          "stores that hold each block set; prefill and decode nodes must agree");
  public static final ConfigKey<String> STORE_ENGINE =
      new ConfigKey<>(
          "store",
          "engine",
          ValueType.oneOf("chronicle", "redis"),
          "chronicle",
          "what holds the blocks: chronicle (this machine) or redis (Redis or Valkey servers)");
  public static final ConfigKey<String> STORE_REDIS_URIS =
      new ConfigKey<>(
          "store",
          "redis-uris",
          ValueType.TEXT,
          "",
          "redis://host:port of the server, or of some nodes of a cluster with commas between");
  public static final ConfigKey<String> STORE_REDIS_PREFIX =
      new ConfigKey<>(
          "store",
          "redis-prefix",
          ValueType.TEXT,
          "rotatekv:",
          "what the keys begin with; each kv-store needs its own");
  public static final ConfigKey<String> STORE_HOST = host("store");
  public static final ConfigKey<Integer> STORE_PORT = port("store");
  public static final ConfigKey<Long> STORE_CAPACITY =
      new ConfigKey<>(
          "store", "capacity", ValueType.BYTES, "1GiB", "bound of the stored blocks' bytes");
  public static final ConfigKey<Optional<Path>> STORE_FILE =
      new ConfigKey<>(
          "store", "file", ValueType.OPTIONAL_PATH, "", "persists there; empty keeps it in memory");
  public static final ConfigKey<Long> STORE_PAGE_SIZE =
      new ConfigKey<>(
          "store", "page-size", ValueType.BYTES, "64KiB", "a block set wastes half a page");
  public static final ConfigKey<Duration> STORE_LEASE =
      new ConfigKey<>(
          "store", "lease", ValueType.DURATION, "5s", "safe from eviction after a put or a read");
  public static final ConfigKey<Duration> STORE_PUT_TIMEOUT =
      new ConfigKey<>(
          "store", "put-timeout", ValueType.DURATION, "30s", "when a silent put is reclaimed");
  public static final ConfigKey<Duration> STORE_TIME_TO_LIVE =
      new ConfigKey<>(
          "store", "time-to-live", ValueType.DURATION, "0s", "after the last use; 0s for ever");
  public static final ConfigKey<TenantQuotas> STORE_TENANTS =
      new ConfigKey<>(
          "store",
          "tenants",
          TenantQuotaText::parse,
          "",
          "who may use it, and bytes for each: alice=2GiB,bob=0,*=1GiB; empty for anybody");
  public static final ConfigKey<Double> STORE_HIGH_WATERMARK =
      new ConfigKey<>(
          "store", "high-watermark", ValueType.SHARE, "95%", "more in use starts eviction");
  public static final ConfigKey<Double> STORE_LOW_WATERMARK =
      new ConfigKey<>("store", "low-watermark", ValueType.SHARE, "90%", "eviction stops there");
  public static final ConfigKey<Duration> STORE_MAX_PIN =
      new ConfigKey<>("store", "max-pin", ValueType.DURATION, "10m", "the longest pin granted");
  public static final ConfigKey<Double> STORE_MAX_PINNED =
      new ConfigKey<>(
          "store",
          "max-pinned",
          ValueType.SHARE,
          "50%",
          "of the capacity and of each quota, what pins may hold");
  public static final ConfigKey<Integer> STORE_MAX_PUTS =
      new ConfigKey<>("store", "max-puts", POSITIVE, "1024", "open at a time; more are refused");
  public static final ConfigKey<Long> STORE_MAX_IN_FLIGHT =
      new ConfigKey<>(
          "store",
          "max-in-flight",
          ValueType.BYTES,
          "256MiB",
          "bound on what gets hold in buffers; more are refused");

  public static final ConfigKey<Integer> PREFILL_COUNT =
      new ConfigKey<>("prefill", "count", COUNT, "1", "how many `rotatekv up` starts");
  public static final ConfigKey<String> PREFILL_HOST = host("prefill");
  public static final ConfigKey<Integer> PREFILL_PORT = port("prefill");
  public static final ConfigKey<String> PREFILL_STORE =
      new ConfigKey<>(
          "prefill",
          "store",
          STORES,
          "",
          "host:port of the stores, with commas between, or dns:name:port; `up` fills it in");
  public static final ConfigKey<Integer> PREFILL_THREADS = threads("prefill");
  public static final ConfigKey<Integer> PREFILL_CHUNK_TOKENS = chunkTokens("prefill");
  public static final ConfigKey<Integer> PREFILL_MAX_CONTEXT = maxContext("prefill");
  public static final ConfigKey<Integer> PREFILL_MAX_REQUESTS =
      new ConfigKey<>(
          "prefill", "max-requests", POSITIVE, "16", "prompts at a time; more are refused");
  public static final ConfigKey<String> PREFILL_BACKEND = backend("prefill");

  public static final ConfigKey<Integer> DECODE_COUNT =
      new ConfigKey<>("decode", "count", COUNT, "1", "how many `rotatekv up` starts");
  public static final ConfigKey<String> DECODE_HOST = host("decode");
  public static final ConfigKey<Integer> DECODE_PORT = port("decode");
  public static final ConfigKey<String> DECODE_STORE =
      new ConfigKey<>(
          "decode",
          "store",
          STORES,
          "",
          "host:port of the stores, with commas between, or dns:name:port; `up` fills it in");
  public static final ConfigKey<String> DECODE_PREFILL =
      new ConfigKey<>(
          "decode", "prefill", ValueType.TEXT, "", "host:port of a prefill node; `up` fills it in");
  public static final ConfigKey<Integer> DECODE_THREADS = threads("decode");
  public static final ConfigKey<Integer> DECODE_CHUNK_TOKENS = chunkTokens("decode");
  public static final ConfigKey<Integer> DECODE_MAX_CONTEXT = maxContext("decode");
  public static final ConfigKey<Integer> DECODE_MAX_BATCH =
      new ConfigKey<>(
          "decode", "max-batch", POSITIVE, "8", "sequences that generate at the same time");
  public static final ConfigKey<Duration> DECODE_FETCH_TIMEOUT =
      new ConfigKey<>(
          "decode",
          "fetch-timeout",
          ValueType.DURATION,
          "5s",
          "how long decode waits for stored blocks before it computes them again");
  public static final ConfigKey<Duration> DECODE_PREFILL_TIMEOUT =
      new ConfigKey<>(
          "decode",
          "prefill-timeout",
          ValueType.DURATION,
          "60s",
          "how long decode waits for a prefill node before it computes the prompt itself");
  public static final ConfigKey<String> DECODE_BACKEND = backend("decode");

  /** All of them, in the order they are printed. */
  public static final List<ConfigKey<?>> ALL =
      List.of(
          MODEL_PATH,
          MODEL_CODEC,
          MODEL_CALIBRATION,
          MODEL_ATTEND,
          STORE_COUNT,
          STORE_REPLICAS,
          STORE_ENGINE,
          STORE_REDIS_URIS,
          STORE_REDIS_PREFIX,
          STORE_HOST,
          STORE_PORT,
          STORE_CAPACITY,
          STORE_FILE,
          STORE_PAGE_SIZE,
          STORE_LEASE,
          STORE_PUT_TIMEOUT,
          STORE_TIME_TO_LIVE,
          STORE_TENANTS,
          STORE_HIGH_WATERMARK,
          STORE_LOW_WATERMARK,
          STORE_MAX_PIN,
          STORE_MAX_PINNED,
          STORE_MAX_PUTS,
          STORE_MAX_IN_FLIGHT,
          PREFILL_COUNT,
          PREFILL_HOST,
          PREFILL_PORT,
          PREFILL_STORE,
          PREFILL_THREADS,
          PREFILL_CHUNK_TOKENS,
          PREFILL_MAX_CONTEXT,
          PREFILL_MAX_REQUESTS,
          PREFILL_BACKEND,
          DECODE_COUNT,
          DECODE_HOST,
          DECODE_PORT,
          DECODE_STORE,
          DECODE_PREFILL,
          DECODE_THREADS,
          DECODE_CHUNK_TOKENS,
          DECODE_MAX_CONTEXT,
          DECODE_MAX_BATCH,
          DECODE_FETCH_TIMEOUT,
          DECODE_PREFILL_TIMEOUT,
          DECODE_BACKEND);

  private ConfigKeys() {}

  private static ConfigKey<String> host(String section) {
    return new ConfigKey<>(section, "host", ValueType.TEXT, "127.0.0.1", "address to listen on");
  }

  private static ConfigKey<Integer> port(String section) {
    return new ConfigKey<>(
        section, "port", ValueType.PORT, "0", "0 for a free one; of several, the first one's");
  }

  private static ConfigKey<Integer> threads(String section) {
    return new ConfigKey<>(
        section, "threads", NOT_NEGATIVE, "0", "compute threads; 0 for one per core");
  }

  private static ConfigKey<Integer> maxContext(String section) {
    return new ConfigKey<>(
        section, "max-context", NOT_NEGATIVE, "0", "longest context in tokens; 0 for the model's");
  }

  private static ConfigKey<Integer> chunkTokens(String section) {
    return new ConfigKey<>(
        section, "chunk-tokens", POSITIVE, "512", "tokens computed at a time; a multiple of 64");
  }

  private static ConfigKey<String> backend(String section) {
    return new ConfigKey<>(
        section, "backend", BACKEND, "auto", "what computes: auto, cpu, cuda, simd or scalar");
  }
}
