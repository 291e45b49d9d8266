package io.rotatekv.kernels.codec;

/**
 * The order of codes within a patch of 64 rows and 64 columns, that of the A operand of {@code
 * wgmma.m64nNk32} in FP8: a lane of the GPU loads 32-bit words whose 16 codes it turns into four
 * registers of four operands each with one instruction per register. A code {@code c} of two bits
 * is kept as sign and magnitude of {@code 2 c - 3}, one of -3, -1, 1, 3.
 *
 * <p>Columns {@code 16 f + 4 t + k} of a row share a word, {@code t} being the lane, {@code f} from
 * 0 to 3 the register and {@code k} from 0 to 3 the byte of the register. {@code kernels/FORMAT.md}
 * has the layout bit by bit.
 */
public final class CodePatch {

  /** Rows and columns of a patch. */
  public static final int SIDE = 64;

  /** Lanes that share a row, each with a word of its own. */
  public static final int LANES = 4;

  /** Codes that share a word. */
  public static final int WORD_CODES = SIDE / LANES;

  /** 32-bit words of a patch in a plane of two bits. */
  public static final int WORDS = SIDE * LANES;

  /** 32-bit words of a patch in a plane of one bit. */
  public static final int THIRD_WORDS = WORDS / 2;

  private static final int TILE_ROWS = 16;
  private static final int HALF_ROWS = TILE_ROWS / 2;

  /** By register: four registers share a byte, two bits each, so two are moved by a nibble. */
  private static final int[] SIGN_BITS = {7, 6, 11, 10};

  private static final int SIGN_FROM_MAGNITUDE = 6;

  private CodePatch() {}

  /** The lane of a column. */
  public static int lane(int column) {
    return column % WORD_CODES / LANES;
  }

  /** The column of a byte of a lane's register. */
  public static int column(int lane, int register, int place) {
    return register * WORD_CODES + lane * LANES + place;
  }

  /** The word of a plane of two bits that has a row's codes of one lane. */
  public static int word(int row, int lane) {
    return 2 * thirdWord(row, lane) + half(row);
  }

  /** The bit of that word that is set where the higher bit of the code is not. */
  public static int signBit(int column) {
    return (SIGN_BITS[register(column)] + place(column) * Byte.SIZE) % Integer.SIZE;
  }

  /** The bit of that word that is set where both bits of the code are equal. */
  public static int magnitudeBit(int column) {
    return (signBit(column) - SIGN_FROM_MAGNITUDE + Integer.SIZE) % Integer.SIZE;
  }

  /** The word of a plane of one bit that has a row's codes of one lane, and those of row + 8. */
  public static int thirdWord(int row, int lane) {
    return row / TILE_ROWS * (HALF_ROWS * LANES) + row % HALF_ROWS * LANES + lane;
  }

  /** The bit of that word that is set where the bit of the code is not. */
  public static int thirdBit(int row, int column) {
    return place(column) * Byte.SIZE + 7 - register(column) - 4 * half(row);
  }

  /** Patches side by side that hold the channels of one chunk. */
  public static int patches(int rotationOrder) {
    return (rotationOrder + SIDE - 1) / SIDE;
  }

  /** The code that is stored as zeros: what stands for the elements of sinks. */
  public static int blank(int bits) {
    return bits == 3 ? 0b110 : bits == 2 ? 0b10 : 0b1010;
  }

  private static int half(int row) {
    return row % TILE_ROWS / HALF_ROWS;
  }

  private static int register(int column) {
    return column / WORD_CODES;
  }

  private static int place(int column) {
    return column % LANES;
  }
}
