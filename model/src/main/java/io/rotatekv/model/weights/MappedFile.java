package io.rotatekv.model.weights;

import io.rotatekv.model.ModelException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file mapped read-only, of any size.
 *
 * @param path where it is
 * @param bytes its whole content; valid until the arena closes
 */
public record MappedFile(Path path, MemorySegment bytes) {

  /**
   * Maps a file for as long as {@code arena} lives.
   *
   * @throws ModelException if it is missing, not a regular file or not readable
   */
  public static MappedFile open(Path path, Arena arena) {
    if (!Files.isRegularFile(path)) {
      throw new ModelException(path + ": no such file; check the model's path");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return new MappedFile(path, ofOneClass(mapped));
    } catch (IOException e) {
      throw new ModelException(path + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * The same memory as a segment of the class that arenas allocate. Weights that loading puts in
   * another order lie in such memory, and where products meet segments of two classes, the compiler
   * may leave their accesses and slices uninlined: decoding at half the speed, in every other
   * process.
   */
  @SuppressWarnings("restricted") // Neither the size nor the lifetime changes.
  private static MemorySegment ofOneClass(MemorySegment mapped) {
    return mapped.reinterpret(mapped.byteSize());
  }
}
