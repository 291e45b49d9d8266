package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CublasLibraryTest {

  @Test
  void emptyFolderThatIsNamedIsNotPassedOver(@TempDir Path empty) {
    Map<String, String> environment = Map.of("ROTATEKV_CUBLAS", empty.toString());

    assertTrue(CublasLibrary.find(environment).isEmpty());
    assertEquals(
        "libcublas.so.13 or .12, with libcublasLt beside it, is not found in "
            + empty
            + "; install the CUDA toolkit or the PyPI package nvidia-cublas, and name the"
            + " library's folder in ROTATEKV_CUBLAS.",
        CublasLibrary.missing(environment));
  }
}
