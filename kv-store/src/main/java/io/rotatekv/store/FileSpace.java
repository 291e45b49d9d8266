package io.rotatekv.store;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Gives every byte of a file its place on the disk, by POSIX's {@code posix_fallocate}. A mapped
 * file with holes, from a copy or a restored backup say, takes its place only when it is written
 * to, and a disk that is full by then kills the process.
 */
final class FileSpace {

  private static final int READ_WRITE = 2; // O_RDWR
  private static final int NO_SPACE = 28; // ENOSPC

  private static final FunctionDescriptor OPEN =
      FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
  private static final FunctionDescriptor CLOSE =
      FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
  private static final FunctionDescriptor FALLOCATE =
      FunctionDescriptor.of(
          ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG);

  private FileSpace() {}

  /**
   * Allocates the holes of a file; its content stays. Does nothing on a system without the call.
   *
   * @param bytes of the file
   * @throws IOException if the disk has not so much left
   */
  static void allocate(Path file, long bytes) throws IOException {
    SymbolLookup names = Linker.nativeLinker().defaultLookup();
    Optional<MemorySegment> fallocate = names.find("posix_fallocate");
    if (fallocate.isEmpty()) {
      return;
    }
    int error;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom(file.toString());
      int descriptor =
          (int)
              function(names.findOrThrow("open"), OPEN, Linker.Option.firstVariadicArg(2))
                  .invokeExact(path, READ_WRITE);
      if (descriptor < 0) {
        throw new IOException("%s cannot be opened for writing".formatted(file));
      }
      error = (int) function(fallocate.get(), FALLOCATE).invokeExact(descriptor, 0L, bytes);
      var _ = (int) function(names.findOrThrow("close"), CLOSE).invokeExact(descriptor);
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a call of the C library threw", e);
    }
    if (error != 0) {
      throw new IOException(
          error == NO_SPACE
              ? "the file has holes, and the disk is too full for its %d bytes".formatted(bytes)
              : "its space cannot be allocated: error %d".formatted(error));
    }
  }

  @SuppressWarnings("restricted") // The signatures are those of POSIX.
  private static MethodHandle function(
      MemorySegment address, FunctionDescriptor signature, Linker.Option... options) {
    return Linker.nativeLinker().downcallHandle(address, signature, options);
  }
}
