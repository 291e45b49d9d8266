package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.kernels.cuda.BlockEncoder;
import io.rotatekv.kernels.cuda.Cublas;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.DecodeAttention;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelWeights;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine on a GPU. It means what the CPU's engine means and differs by rounding: activations
 * that enter products are FP16, and a product's order of additions depends on how many rows it has,
 * so here a step's result depends on its batch, and a block's bytes on how a prompt was cut, by
 * rounding as well.
 */
public final class CudaEngine implements Engine {

  private static final Logger log = LoggerFactory.getLogger(CudaEngine.class);

  /** Blocks on their way to the host; each holds pinned memory for the largest block. */
  private static final int MIN_PENDING = 16;

  private static final int MAX_PENDING = 64;

  private static final int MAX_QUERIES = 8;

  /** Products read rows of FP16 in pieces of 16 bytes. */
  private static final int ROW_UNIT = 8;

  private final Deque<AutoCloseable> owned = new ArrayDeque<>();
  private final CodecContext codec;
  private final EngineLimits limits;
  private final int maxBatch;
  private final EncodeTally tally;
  private final CudaDevice device;
  private final ModelConfig config;
  private final DeviceModel model;
  private final CacheMemory memory;
  private final BlockUploads uploads;
  private final BlockDownloads downloads;
  private final HostBlocks hostBlocks;
  private final DecodeStep decode;
  private final PrefillPass prefill;

  /**
   * An engine on a GPU, which it opens; the weights are copied there.
   *
   * @param kernels unpacks weights and knows the codec's sizes
   * @param team the threads to unpack on
   * @throws IllegalArgumentException if this engine cannot run the model or {@code attend}
   * @throws IllegalStateException if CUDA cannot run here
   */
  public CudaEngine(
      ModelConfig config,
      ModelWeights weights,
      Kernels kernels,
      Team team,
      CodecContext codec,
      Attend attend,
      EngineLimits limits,
      CudaOptions options) {
    obstacle(config, attend)
        .ifPresent(reason -> {
          throw new IllegalArgumentException(reason);
        });
    this.config = config;
    this.codec = codec;
    this.limits = limits;
    this.maxBatch = options.maxBatch();
    this.tally = new EncodeTally(codec);
    try {
      device = own(CudaDevice.open(options.device()));
      if (!device.hasMachineCode()) {
        log.info(
            "{}: the driver compiles the kernels for this card at the first start, which takes up"
                + " to half a minute, and keeps them",
            device.name());
      }
      DeviceWeights uploaded =
          own(DeviceWeights.upload(device, config, weights, kernels.matMul(), team));
      model = own(new DeviceModel(device, config, codec, limits, uploaded, maxBatch));
      memory = own(new CacheMemory(device, cacheBytes(options)));
      BlockCodec blocks = kernels.codec(codec);
      int maxBlockBytes = blocks.maxBlockBytes();
      uploads = own(new BlockUploads(device, memory, maxBlockBytes));
      downloads = own(new BlockDownloads(device, memory, pendingBlocks(), maxBlockBytes));
      hostBlocks = own(new HostBlocks());
      BlockEncoder encoder = own(new BlockEncoder(device, codec));
      BlockRoom room = new BlockRoom(codec, memory, tally);
      BlockSampler sampler = own(new BlockSampler(device, memory, tally, blocks));
      prefill = own(prefill(room, encoder, sampler));
      decode = own(decode(room, encoder));
      log.info(
          "{}: {} MiB of weights, up to {} MiB for the KV cache",
          device.name(),
          uploaded.bytes() >> 20,
          memory.limit() >> 20);
    } catch (RuntimeException e) {
      Closing.all(owned);
      throw e;
    }
  }

  /** Why this engine cannot run a model, with the cure; empty where it can. */
  public static Optional<String> obstacle(ModelConfig config, Attend attend) {
    if (attend != Attend.BLOCK) {
      return Optional.of(
          "the GPU computes attend=block, not attend=%s; set attend to block."
              .formatted(attend.label()));
    }
    int queries = config.heads() / config.kvHeads();
    boolean knownDim = config.headDim() == 64 || config.headDim() == 128;
    if (!knownDim || queries > MAX_QUERIES || config.hidden() % ROW_UNIT != 0) {
      return Optional.of(
          ("the GPU's kernels know heads of 64 or 128 channels, up to %d query heads per KV head"
                  + " and hidden sizes that are multiples of %d; %s has %d, %d and %d.")
              .formatted(
                  MAX_QUERIES,
                  ROW_UNIT,
                  config.name(),
                  config.headDim(),
                  queries,
                  config.hidden()));
    }
    return CudaDevice.obstacle().or(Cublas::obstacle);
  }

  private <T extends AutoCloseable> T own(T part) {
    owned.push(part);
    return part;
  }

  private long cacheBytes(CudaOptions options) {
    return options.cacheBytes() > 0
        ? options.cacheBytes()
        : (long) (device.freeBytes() * options.cacheShare());
  }

  /** A layer's blocks while the next layer's are being made. */
  private int pendingBlocks() {
    return Math.clamp(2L * limits.chunkTokens() / BLOCK_TOKENS, MIN_PENDING, MAX_PENDING);
  }

  private int blockStride() {
    return Math.ceilDiv(limits.maxContext(), BLOCK_TOKENS);
  }

  private PrefillPass prefill(BlockRoom room, BlockEncoder encoder, BlockSampler sampler) {
    ChunkAttention attention = own(new ChunkAttention(model));
    return new PrefillPass(
        model, memory, room, encoder, tally, sampler, downloads, attention, blockStride());
  }

  private DecodeStep decode(BlockRoom room, BlockEncoder encoder) {
    TailGrowth growth = own(new TailGrowth(model, memory));
    DecodeRows rows =
        own(
            new DecodeRows(
                device, codec.shape(), memory, growth, model.stream, maxBatch, blockStride()));
    DecodeAttention attention =
        own(new DecodeAttention(device, codec, config.heads(), model.rope, maxBatch));
    TailBlocks tails =
        own(new TailBlocks(model, memory, room, encoder, tally, downloads, maxBatch));
    return new DecodeStep(model, maxBatch, rows, attention, tails);
  }

  @Override
  public CodecContext codec() {
    return codec;
  }

  @Override
  public Attend attend() {
    return Attend.BLOCK;
  }

  @Override
  public int maxContext() {
    return limits.maxContext();
  }

  @Override
  public List<EncodeStats> encodeStats() {
    return tally.stats();
  }

  @Override
  public Sequence open(BlockListener listener) {
    return new CudaSequence(codec, memory, uploads, hostBlocks, listener);
  }

  @Override
  public int[] run(List<Step> batch) {
    batch.forEach(step -> limits.require(step, config.vocabulary()));
    device.makeCurrent();
    int[] sampled = new int[batch.size()];
    Arrays.fill(sampled, -1);
    try {
      List<Integer> singles = new ArrayList<>();
      for (int i = 0; i < batch.size(); i++) {
        if (batch.get(i).tokens().length == 1) {
          singles.add(i);
        } else {
          sampled[i] = runChunks(batch.get(i));
        }
      }
      for (int from = 0; from < singles.size(); from += maxBatch) {
        int to = Math.min(singles.size(), from + maxBatch);
        runSingles(batch, singles.subList(from, to), sampled);
      }
    } catch (RuntimeException e) {
      settle(e);
      throw e;
    }
    return sampled;
  }

  private void runSingles(List<Step> batch, List<Integer> indices, int[] sampled) {
    int[] tokens = decode.run(indices.stream().map(batch::get).toList());
    for (int i = 0; i < tokens.length; i++) {
      sampled[indices.get(i)] = tokens[i];
    }
  }

  private int runChunks(Step step) {
    CudaSequence sequence = (CudaSequence) step.sequence();
    int[] tokens = step.tokens();
    int done = 0;
    int sampled = -1;
    while (done < tokens.length) {
      // Chunks end at block boundaries, so that all but the last are whole blocks.
      int room = limits.chunkTokens() - sequence.tailTokens();
      int count = Math.min(tokens.length - done, room);
      prefill.run(sequence, Arrays.copyOfRange(tokens, done, done + count));
      sampled = output(step, done, count);
      done += count;
    }
    return sampled;
  }

  /** Computes what a step's output asks for of the chunk that ran last. */
  private int output(Step step, int done, int count) {
    boolean last = done + count == step.tokens().length;
    return switch (step.output()) {
      case Output.None() -> -1;
      case Output.Sample(var sampling) -> last ? sample(step.sequence(), count - 1, sampling) : -1;
      case Output.Logits(var consumer) -> {
        model.head.logits(0, count, done, consumer);
        yield -1;
      }
    };
  }

  private int sample(Sequence sequence, int row, Sampling sampling) {
    model.inputs.set(0, 0, sequence.length() - 1, sampling);
    model.inputs.upload(model.stream);
    model.head.choose(row, 1, model.inputs);
    model.head.download(1);
    model.stream.synchronize();
    return model.head.chosen(0);
  }

  /** After a failure: no work may outlast {@link #run}, since sequences can be closed then. */
  private void settle(RuntimeException failure) {
    try {
      downloads.discard();
      model.stream.synchronize();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /** Bytes of the device that sequences hold. */
  public long cacheUsed() {
    return memory.used();
  }

  @Override
  public void close() {
    device.makeCurrent();
    Closing.all(owned);
  }
}
