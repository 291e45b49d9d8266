package io.rotatekv.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Shared libraries through the foreign-function API.
 *
 * <p>The one place of this package that may crash the process: a wrong descriptor goes unnoticed.
 */
@SuppressWarnings("restricted")
final class NativeLibrary {

  private NativeLibrary() {}

  /** Loads a library, by its name or path, for the life of {@code arena}; empty if it cannot be. */
  static Optional<SymbolLookup> open(String library, Arena arena) {
    try {
      return Optional.of(SymbolLookup.libraryLookup(library, arena));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The function {@code name} of a library, which the caller describes as its header does. */
  static MethodHandle function(SymbolLookup library, String name, FunctionDescriptor descriptor) {
    return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), descriptor);
  }

  /** A call through the linker throws nothing of its own but on a wrong type. */
  static IllegalStateException unexpected(Throwable e) {
    return new IllegalStateException("a call into a native library did not fit its signature", e);
  }
}
