package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.cuda.CudaGraph;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DecodeAttention;
import io.rotatekv.kernels.cuda.QkvKernel;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.engine.Step;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One token for each of several sequences. The device's work is recorded once per width and then
 * started with one call: the kernels of a small batch take less time than their launches would.
 */
final class DecodeStep implements AutoCloseable {

  private final DeviceModel model;
  private final CudaStream stream;
  private final int layers;
  private final int maxWidth;
  private final DecodeRows rows;
  private final DecodeAttention attention;
  private final TailBlocks tailBlocks;
  private final Map<Integer, CudaGraph> graphs = new HashMap<>();

  DecodeStep(
      DeviceModel model,
      int maxWidth,
      DecodeRows rows,
      DecodeAttention attention,
      TailBlocks tailBlocks) {
    this.model = model;
    this.stream = model.stream;
    this.layers = model.config.layers();
    this.maxWidth = maxWidth;
    this.rows = rows;
    this.attention = attention;
    this.tailBlocks = tailBlocks;
  }

  /**
   * Runs steps of one token each, at most {@code maxWidth}.
   *
   * @return the tokens chosen, -1 where none is asked for
   */
  int[] run(List<Step> steps) {
    List<CudaSequence> sequences =
        steps.stream().map(step -> (CudaSequence) step.sequence()).toList();
    for (CudaSequence sequence : sequences) {
      for (int layer = 0; layer < layers; layer++) {
        sequence.await(layer, stream);
      }
    }
    int width = width(steps.size());
    int[] assigned = rows.assign(sequences, width);
    describe(steps, assigned, width);
    start(width);
    model.head.download(width);
    tailBlocks.readMaxima(sequences);
    stream.synchronize();
    for (CudaSequence sequence : sequences) {
      sequence.grow(1);
      sequence.dropOutgrown();
    }
    int[] chosen = new int[assigned.length];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = result(steps.get(i).output(), assigned[i]);
    }
    tailBlocks.write(sequences);
    return chosen;
  }

  /** The next power of two: few recordings, and at most half of a step's rows are padding. */
  private int width(int sequences) {
    return Math.min(maxWidth, Integer.highestOneBit(2 * sequences - 1));
  }

  private void describe(List<Step> steps, int[] assigned, int width) {
    for (int row = 0; row < width; row++) {
      model.inputs.set(row, 0, 0, Sampling.GREEDY);
    }
    for (int i = 0; i < assigned.length; i++) {
      Step step = steps.get(i);
      Sampling sampling =
          step.output() instanceof Output.Sample(var asked) ? asked : Sampling.GREEDY;
      model.inputs.set(assigned[i], step.tokens()[0], step.sequence().length(), sampling);
    }
    model.inputs.upload(stream);
  }

  private void start(int width) {
    CudaGraph graph = graphs.get(width);
    if (graph != null) {
      graph.launch(stream);
      return;
    }
    // Libraries load code on first use, which cannot be recorded; so the first step runs as it is.
    compute(width);
    graphs.put(width, CudaGraph.capture(stream, () -> compute(width)));
  }

  private void compute(int width) {
    DecodeInputs inputs = model.inputs;
    Activations a = model.activations;
    model.kernels.embed(inputs.tokens(), width);
    attention.schedule(inputs.storedBlocks(), width, stream);
    for (int layer = 0; layer < layers; layer++) {
      model.kernels.project(
          model.qkv,
          new QkvKernel.NewTokens(
              width,
              layer,
              model.kernels.bias(layer),
              inputs.positions(),
              rows.tails(layer),
              rows.maxima(),
              a.query.address()));
      attention.attend(
          layer,
          rows.blocks(layer),
          rows.rowStride(),
          rows.tails(layer),
          inputs.tailTokens(),
          a.query.address(),
          a.attention.address(),
          width,
          stream);
      model.kernels.leave(layer, width);
    }
    model.kernels.finish(width);
    model.head.choose(0, width, inputs);
  }

  private int result(Output output, int row) {
    return switch (output) {
      case Output.None() -> -1;
      case Output.Sample(var sampling) -> model.head.chosen(row);
      case Output.Logits(var consumer) -> {
        model.head.tell(row, 0, consumer);
        yield -1;
      }
    };
  }

  @Override
  public void close() {
    graphs.values().forEach(CudaGraph::close);
  }
}
