package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelWeights;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import io.rotatekv.model.engine.cpu.CpuEngine;
import io.rotatekv.model.engine.cpu.LayerObserver;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The same model and codec on the GPU and on the CPU, which is the reference. */
record EnginePair(ModelConfig config, CudaEngine gpu, CpuEngine cpu, Kernels kernels, Team team)
    implements AutoCloseable {

  /** A block's place in its sequence. */
  record Place(int layer, int block) implements Comparable<Place> {
    @Override
    public int compareTo(Place other) {
      return layer != other.layer
          ? Integer.compare(layer, other.layer)
          : Integer.compare(block, other.block);
    }
  }

  static EnginePair open(
      ModelConfig config, ModelWeights weights, CodecContext codec, EngineLimits limits) {
    Team team = Team.of(Runtime.getRuntime().availableProcessors());
    Kernels kernels = Backends.open("auto", team).kernels();
    CudaOptions options = new CudaOptions(0, 8, 512L << 20, 1);
    CudaEngine gpu =
        new CudaEngine(config, weights, kernels, team, codec, Attend.BLOCK, limits, options);
    CpuEngine cpu =
        new CpuEngine(
            config, weights, kernels, team, codec, Attend.BLOCK, limits, LayerObserver.NONE);
    return new EnginePair(config, gpu, cpu, kernels, team);
  }

  /** Appends tokens in one step; the logits after each. */
  List<float[]> logits(Engine engine, Sequence sequence, int... tokens) {
    List<float[]> rows = new ArrayList<>();
    Output.LogitsConsumer keep =
        (index, logits, offset) ->
            rows.add(Arrays.copyOfRange(logits, offset, offset + config.vocabulary()));
    engine.run(List.of(new Step(sequence, tokens, new Output.Logits(keep))));
    return rows;
  }

  /** A listener that keeps copies of blocks. */
  static BlockListener keep(Map<Place, byte[]> blocks) {
    return (block, layer, bytes) ->
        blocks.put(new Place(layer, block), bytes.toArray(ValueLayout.JAVA_BYTE));
  }

  /** The blocks that an engine makes of a prompt. */
  static Map<Place, byte[]> blocks(Engine engine, int[] prompt) {
    Map<Place, byte[]> blocks = new TreeMap<>();
    try (Sequence sequence = engine.open(keep(blocks))) {
      engine.run(List.of(new Step(sequence, prompt, Output.NONE)));
    }
    return blocks;
  }

  /** Loads blocks in the order of layers. */
  static void load(Sequence sequence, Map<Place, byte[]> blocks) {
    blocks.forEach((place, bytes) ->
        sequence.load(place.block(), place.layer(), MemorySegment.ofArray(bytes)));
  }

  /** Distance relative to the expected vector's length. */
  static double distance(float[] expected, float[] actual) {
    double square = 0;
    double difference = 0;
    for (int i = 0; i < expected.length; i++) {
      square += (double) expected[i] * expected[i];
      difference += (double) (expected[i] - actual[i]) * (expected[i] - actual[i]);
    }
    return Math.sqrt(difference / square);
  }

  @Override
  public void close() {
    gpu.close();
    cpu.close();
    team.close();
  }
}
