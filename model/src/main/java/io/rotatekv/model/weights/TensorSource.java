package io.rotatekv.model.weights;

import io.rotatekv.model.ModelException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The tensors of a model by name. */
public interface TensorSource {

  /** The file or folder, for messages. */
  Path path();

  /**
   * The tensor of that name, or null where there is none.
   *
   * @throws ModelException if it is there but of a type or shape that is not supported
   */
  @Nullable Tensor find(String name);
}
