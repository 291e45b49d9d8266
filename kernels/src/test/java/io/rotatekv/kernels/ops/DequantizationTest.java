package io.rotatekv.kernels.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.kernels.tensor.TensorType;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The stored forms, against GGML's own code and against blocks made by hand. */
class DequantizationTest extends BackendTest {

  private static final int GOLDEN_COLUMNS = 512;
  private static final int HALVES = 1 << 16;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final short ONE = Float.floatToFloat16(1);
  private static final short TWO = Float.floatToFloat16(2);

  @ParameterizedTest
  @EnumSource
  void equalsTheGoldenFileOfGgml(TensorType type) throws IOException {
    MemorySegment file = MemorySegment.ofArray(golden(type));
    long rowBytes = type.rowBytes(GOLDEN_COLUMNS);
    Matrix matrix = new Matrix(type, file.asSlice(0, rowBytes), 1, GOLDEN_COLUMNS);
    float[] expected = file.asSlice(rowBytes).toArray(FLOAT);
    assertArrayEquals(expected, row(scalar, matrix, 0));
    assertArrayEquals(expected, row(simd, matrix, 0));
  }

  @ParameterizedTest
  @EnumSource
  void backendsAgreeOnEveryRowToTheLastBit(TensorType type) {
    Matrix matrix = Fixtures.matrix(type, 5, 3 * 256, 1);
    for (int row = 0; row < matrix.rows(); row++) {
      assertArrayEquals(row(scalar, matrix, row), row(simd, matrix, row));
    }
  }

  /** 1: tail only; 16: one vector; 37: vectors and tail. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void formsWithoutBlocksTakeRowsOfAnyLength(TensorType type) {
    for (int columns : new int[] {1, 16, 37}) {
      Matrix matrix = Fixtures.matrix(type, 2, columns, 2);
      assertArrayEquals(row(scalar, matrix, 1), row(simd, matrix, 1));
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void everyHalfIsConvertedAsJavaDoes(Kernels kernels) {
    short[] bits = new short[HALVES];
    for (int i = 0; i < HALVES; i++) {
      bits[i] = (short) i;
    }
    Matrix matrix = new Matrix(TensorType.F16, MemorySegment.ofArray(bits), 1, HALVES);
    float[] values = row(kernels, matrix, 0);
    for (int i = 0; i < HALVES; i++) {
      assertEquals(Float.float16ToFloat((short) i), values[i], "FP16 bits " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void writesOnlyTheRow(Kernels kernels) {
    Matrix matrix = Fixtures.matrix(TensorType.Q4_1, 1, 32, 3);
    float[] out = new float[40];
    kernels.matMul().row(matrix, 0, out, 4);
    for (int i : new int[] {0, 3, 36, 39}) {
      assertEquals(0, out[i]);
    }
    assertEquals(row(scalar, matrix, 0)[31], out[35]);
  }

  @Test
  void lowNibblesComeBeforeHighOnes() {
    byte[] block = new byte[TensorType.Q4_1.blockBytes()];
    put(block, 0, TWO);
    put(block, 2, ONE);
    block[4] = (byte) 0xf3; // elements 0 and 16
    float[] expected = new float[32];
    Arrays.fill(expected, 1);
    expected[0] = 2 * 3 + 1;
    expected[16] = 2 * 15 + 1;
    expectBlock(TensorType.Q4_1, block, expected);
  }

  @Test
  void nibblesOfQ40AreCentredOnEight() {
    byte[] block = new byte[TensorType.Q4_0.blockBytes()];
    put(block, 0, TWO);
    block[2 + 15] = (byte) 0xf9; // elements 15 and 31
    float[] expected = new float[32];
    Arrays.fill(expected, -16);
    expected[15] = 2 * (9 - 8);
    expected[31] = 2 * (15 - 8);
    expectBlock(TensorType.Q4_0, block, expected);
  }

  @Test
  void sixBitScalesOfQ4kAreSplitOverTwelveBytes() {
    byte[] block = new byte[TensorType.Q4_K.blockBytes()];
    put(block, 0, ONE);
    put(block, 2, ONE);
    block[4] = (byte) (0b10 << 6 | 33); // scale 0 is 33; high bits of scale 4
    block[8] = (byte) (0b01 << 6 | 5); // minimum 0 is 5; high bits of minimum 4
    block[12] = (byte) 0x7c; // low bits of scale 4 (12) and of minimum 4 (7)
    block[16] = 2; // element 0 of sub-block 0
    block[16 + 64] = 3; // element 0 of sub-block 4
    float[] expected = new float[256];
    Arrays.fill(expected, 0, 32, -5);
    Arrays.fill(expected, 128, 160, -0b01_0111);
    expected[0] = 33 * 2 - 5;
    expected[128] = 0b10_1100 * 3 - 0b01_0111;
    expectBlock(TensorType.Q4_K, block, expected);
  }

  @Test
  void highBitsOfQ6kServeFourQuarters() {
    byte[] block = new byte[TensorType.Q6_K.blockBytes()];
    put(block, 208, ONE);
    for (int i = 0; i < 16; i++) {
      block[192 + i] = (byte) (i - 8);
    }
    block[64 + 1] = (byte) 0x5a; // second half: low bits of elements 1 and 65
    block[128 + 32 + 1] = (byte) 0b11_10_01_00; // second half: high bits of 1, 33, 65 and 97
    float[] expected = new float[256];
    for (int i = 0; i < 256; i++) {
      expected[i] = -32f * (i / 16 - 8);
    }
    expected[128 + 1] = 0f * (0x0a - 32);
    expected[128 + 33] = 2f * (0b01_0000 - 32);
    expected[128 + 65] = 4f * (0b10_0101 - 32);
    expected[128 + 97] = 6f * (0b11_0000 - 32);
    expectBlock(TensorType.Q6_K, block, expected);
  }

  private void expectBlock(TensorType type, byte[] block, float[] expected) {
    Matrix matrix = new Matrix(type, MemorySegment.ofArray(block), 1, type.blockElements());
    assertArrayEquals(expected, row(scalar, matrix, 0), 0f);
    assertArrayEquals(expected, row(simd, matrix, 0), 0f);
  }

  private static float[] row(Kernels kernels, Matrix matrix, int row) {
    float[] out = new float[matrix.columns()];
    kernels.matMul().row(matrix, row, out, 0);
    return out;
  }

  private static void put(byte[] block, int at, short half) {
    MemorySegment.ofArray(block).set(ValueLayout.JAVA_SHORT_UNALIGNED, at, half);
  }

  private static byte[] golden(TensorType type) throws IOException {
    String name = "dequantized/" + type + ".bin";
    try (InputStream in =
        Objects.requireNonNull(DequantizationTest.class.getResourceAsStream(name), name)) {
      return in.readAllBytes();
    }
  }
}
