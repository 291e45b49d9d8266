package io.rotatekv.cli;

import io.rotatekv.cli.config.ConfigKey;
import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.decode.DecodeConfig;
import io.rotatekv.prefill.PrefillConfig;
import io.rotatekv.proto.ServerOptions;
import io.rotatekv.store.ChronicleStorage;
import io.rotatekv.store.PageStorage;
import io.rotatekv.store.StoreConfig;
import io.rotatekv.store.StoreLimits;
import io.rotatekv.store.redis.RedisOptions;
import io.rotatekv.store.redis.RedisStorage;
import java.util.Arrays;
import java.util.List;

/** The services' own configurations, out of the settings. */
final class ServiceConfigs {

  private ServiceConfigs() {}

  static StoreConfig store(Settings settings) {
    return new StoreConfig(
        settings.get(ConfigKeys.STORE_HOST),
        settings.get(ConfigKeys.STORE_PORT),
        settings.get(ConfigKeys.STORE_CAPACITY),
        settings.get(ConfigKeys.STORE_FILE).orElse(null),
        Math.toIntExact(settings.get(ConfigKeys.STORE_PAGE_SIZE)),
        settings.get(ConfigKeys.STORE_LEASE),
        settings.get(ConfigKeys.STORE_PUT_TIMEOUT),
        settings.get(ConfigKeys.STORE_TIME_TO_LIVE),
        ServerOptions.DEFAULT_DRAIN,
        settings.get(ConfigKeys.STORE_TENANTS),
        new StoreLimits(
            settings.get(ConfigKeys.STORE_HIGH_WATERMARK),
            settings.get(ConfigKeys.STORE_LOW_WATERMARK),
            settings.get(ConfigKeys.STORE_MAX_PIN),
            settings.get(ConfigKeys.STORE_MAX_PINNED),
            settings.get(ConfigKeys.STORE_MAX_PUTS),
            settings.get(ConfigKeys.STORE_MAX_IN_FLIGHT)));
  }

  /** What opens the storage of the engine that is configured. */
  static PageStorage.Opener storage(Settings settings) {
    if (settings.get(ConfigKeys.STORE_ENGINE).equals("chronicle")) {
      return ChronicleStorage::open;
    }
    String uris = settings.get(ConfigKeys.STORE_REDIS_URIS);
    if (uris.isEmpty()) {
      throw settings.invalid(
          ConfigKeys.STORE_REDIS_URIS, "missing; give --redis redis://HOST:PORT");
    }
    List<String> servers = Arrays.stream(uris.split(",")).map(String::strip).toList();
    RedisOptions options;
    try {
      options = RedisOptions.of(servers, settings.get(ConfigKeys.STORE_REDIS_PREFIX));
    } catch (IllegalArgumentException e) {
      throw settings.invalid(ConfigKeys.STORE_REDIS_PREFIX, e.getMessage());
    }
    return config -> RedisStorage.open(options, config);
  }

  static PrefillConfig prefill(Settings settings) {
    return new PrefillConfig(
        settings.get(ConfigKeys.PREFILL_HOST),
        settings.get(ConfigKeys.PREFILL_PORT),
        address(settings, ConfigKeys.PREFILL_STORE, "--store"),
        settings.get(ConfigKeys.STORE_REPLICAS),
        settings.get(ConfigKeys.MODEL_PATH),
        settings.get(ConfigKeys.MODEL_CODEC),
        settings.get(ConfigKeys.MODEL_CALIBRATION).orElse(null),
        settings.get(ConfigKeys.MODEL_ATTEND),
        settings.get(ConfigKeys.PREFILL_BACKEND),
        settings.get(ConfigKeys.PREFILL_THREADS),
        settings.get(ConfigKeys.PREFILL_MAX_CONTEXT),
        settings.get(ConfigKeys.PREFILL_CHUNK_TOKENS),
        settings.get(ConfigKeys.PREFILL_MAX_REQUESTS));
  }

  static DecodeConfig decode(Settings settings) {
    return new DecodeConfig(
        settings.get(ConfigKeys.DECODE_HOST),
        settings.get(ConfigKeys.DECODE_PORT),
        address(settings, ConfigKeys.DECODE_STORE, "--store"),
        settings.get(ConfigKeys.STORE_REPLICAS),
        address(settings, ConfigKeys.DECODE_PREFILL, "--prefill"),
        settings.get(ConfigKeys.MODEL_PATH),
        settings.get(ConfigKeys.MODEL_CODEC),
        settings.get(ConfigKeys.MODEL_CALIBRATION).orElse(null),
        settings.get(ConfigKeys.MODEL_ATTEND),
        settings.get(ConfigKeys.DECODE_BACKEND),
        settings.get(ConfigKeys.DECODE_THREADS),
        settings.get(ConfigKeys.DECODE_MAX_CONTEXT),
        settings.get(ConfigKeys.DECODE_CHUNK_TOKENS),
        settings.get(ConfigKeys.DECODE_MAX_BATCH),
        settings.get(ConfigKeys.DECODE_FETCH_TIMEOUT),
        settings.get(ConfigKeys.DECODE_PREFILL_TIMEOUT));
  }

  private static String address(Settings settings, ConfigKey<String> key, String option) {
    String address = settings.get(key);
    if (address.isEmpty()) {
      throw settings.invalid(key, "missing; give %s HOST:PORT".formatted(option));
    }
    return address;
  }
}
