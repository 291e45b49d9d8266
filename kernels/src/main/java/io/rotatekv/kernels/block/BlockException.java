package io.rotatekv.kernels.block;

/** A block that must not be decoded, and why. */
public final class BlockException extends RuntimeException {

  /** Why a block was refused. */
  public enum Reason {
    /** Fewer bytes than the header, or than the header announces. */
    TRUNCATED,
    /** Not a block at all. */
    BAD_MAGIC,
    /** A block in a format that this code does not read. */
    UNKNOWN_VERSION,
    /** Intact, but of another codec or number of bits. */
    CODEC_MISMATCH,
    /** Intact, but encoded with another calibration. */
    CALIBRATION_MISMATCH,
    /** Intact, but of a model of another shape. */
    SHAPE_MISMATCH,
    /** Intact, but of another layer. */
    LAYER_MISMATCH,
    /** The checksum is wrong, or the contents contradict each other. */
    CORRUPT
  }

  private final Reason reason;

  BlockException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** Refuses a block because a header field is not what this node works with. */
  static BlockException mismatch(Reason reason, String field, Object expected, Object found) {
    return new BlockException(
        reason, "block has %s %s, expected %s".formatted(field, found, expected));
  }

  public Reason reason() {
    return reason;
  }
}
