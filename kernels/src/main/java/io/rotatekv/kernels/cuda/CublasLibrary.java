package io.rotatekv.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds cuBLAS on this machine; the driver does not bring it. */
final class CublasLibrary {

  /** Names the folder that holds the library, before all other places. */
  private static final String FOLDER_VARIABLE = "ROTATEKV_CUBLAS";

  private static final List<String> VERSIONS = List.of("13", "12");

  private final SymbolLookup symbols;

  private CublasLibrary(SymbolLookup symbols) {
    this.symbols = symbols;
  }

  /**
   * Loads the library for the life of the process: from the folder that the environment names, from
   * where the loader looks, or from a toolkit's folder; empty if it is in none of them.
   */
  static Optional<CublasLibrary> find(Map<String, String> environment) {
    String named = environment.get(FOLDER_VARIABLE);
    Stream<Optional<SymbolLookup>> places =
        named != null
            ? Stream.of(inFolder(Path.of(named)))
            : Stream.concat(
                Stream.of(byLoader()), toolkits(environment).map(CublasLibrary::inFolder));
    return places.flatMap(Optional::stream).findFirst().map(CublasLibrary::new);
  }

  /** One sentence on where the library was not found, with the cure. */
  static String missing(Map<String, String> environment) {
    String named = environment.get(FOLDER_VARIABLE);
    return ("libcublas.so.13 or .12, with libcublasLt beside it, is not found %s; install the CUDA"
            + " toolkit or the PyPI package nvidia-cublas, and name the library's folder in %s.")
        .formatted(
            named != null ? "in " + named : "by the loader or in a toolkit", FOLDER_VARIABLE);
  }

  private static Stream<Path> toolkits(Map<String, String> environment) {
    return Stream.of(environment.get("CUDA_HOME"), environment.get("CUDA_PATH"), "/usr/local/cuda")
        .filter(Objects::nonNull)
        .flatMap(home -> Stream.of(Path.of(home, "lib64"), Path.of(home, "lib")));
  }

  private static Optional<SymbolLookup> byLoader() {
    return VERSIONS.stream().flatMap(v -> open("libcublas.so." + v).stream()).findFirst();
  }

  private static Optional<SymbolLookup> inFolder(Path folder) {
    return VERSIONS.stream()
        .filter(version -> Files.exists(folder.resolve("libcublas.so." + version)))
        .flatMap(version -> {
          // Loaded first, so that libcublas finds it loaded whatever path it was linked with.
          open(folder.resolve("libcublasLt.so." + version).toString());
          return open(folder.resolve("libcublas.so." + version).toString()).stream();
        })
        .findFirst();
  }

  private static Optional<SymbolLookup> open(String library) {
    return NativeLibrary.open(library, Arena.global());
  }

  /** The function {@code name}; every one that is used returns a status. */
  MethodHandle function(String name, MemoryLayout... arguments) {
    return NativeLibrary.function(symbols, name, FunctionDescriptor.of(JAVA_INT, arguments));
  }
}
