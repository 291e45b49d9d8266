package io.rotatekv.eval.gpu;

/**
 * What another program, or our own FP16 kernel, takes for the same work.
 *
 * @param name {@code fp16}, {@code pytorch_cudnn}, {@code pytorch_flash}, …
 * @param ms its time
 */
public record Baseline(String name, double ms) {}
