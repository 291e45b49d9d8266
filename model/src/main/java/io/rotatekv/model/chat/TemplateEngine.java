package io.rotatekv.model.chat;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.JinjavaInterpreterResolver;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.util.Map;
import java.util.Set;
import jinjava.javax.el.CompositeELResolver;

/**
 * Jinja as chat templates know it: the dialect of Hugging Face's {@code apply_chat_template} (block
 * trimming on, {@code raise_exception}, {@code tojson} in Python's layout). Templates come from
 * strangers with the model: they see no Java beyond strings, lists and maps, load nothing, and are
 * bounded in depth and size. Truth values print as {@code true} and {@code false}, unlike Python's.
 * What messages hold is text, never a template.
 */
final class TemplateEngine {

  private static final int MAX_DEPTH = 64;
  private static final int MAX_RANGE = 10_000;
  private static final int MAX_ELEMENTS = 100_000;
  private static final long MAX_CHARACTERS = 16L << 20; // Far above any context length.
  // All that reads other templates.
  private static final Set<String> LOADING_TAGS = Set.of("include", "import", "from", "extends");

  private final Jinjava jinjava;

  TemplateEngine() {
    CompositeELResolver resolver = new CompositeELResolver();
    resolver.add(new PythonStringMethods());
    resolver.add(JinjavaInterpreterResolver.DEFAULT_RESOLVER_READ_ONLY);
    jinjava =
        new Jinjava(
            JinjavaConfig.newBuilder()
                .withTrimBlocks(true)
                .withLstripBlocks(true)
                .withNestedInterpretationEnabled(false)
                .withDisabled(Map.of(Context.Library.TAG, LOADING_TAGS))
                .withElResolver(resolver)
                .withMaxRenderDepth(MAX_DEPTH)
                .withRangeLimit(MAX_RANGE)
                .withMaxListSize(MAX_ELEMENTS)
                .withMaxMapSize(MAX_ELEMENTS)
                .withMaxStringLength(MAX_CHARACTERS)
                .withMaxOutputSize(MAX_CHARACTERS)
                .withLegacyOverrides(
                    LegacyOverrides.newBuilder()
                        .withEvaluateMapKeys(true)
                        .withIterateOverMapKeys(true)
                        .withUseNaturalOperatorPrecedence(true)
                        .withHandleBackslashInQuotesOnly(true)
                        .withParseWhitespaceControlStrictly(true)
                        .withUseTrimmingForNotesAndExpressions(true)
                        .build())
                .build());
    jinjava.registerFilter(new PythonJsonFilter());
    jinjava.registerFunction(
        new ELFunctionDefinition(
            "", "raise_exception", TemplateEngine.class, "raiseException", String.class));
  }

  /**
   * The text a template makes of variables.
   *
   * @throws TemplateException if it is invalid, exceeds a bound, or calls {@code raise_exception}
   */
  String render(String source, Map<String, Object> variables) throws TemplateException {
    // As Jinja2 does unless told to keep it.
    String template = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
    RenderResult result = jinjava.renderForResult(template, variables);
    for (TemplateError error : result.getErrors()) {
      if (error.getSeverity() == TemplateError.ErrorType.FATAL) {
        throw new TemplateException("line %d: %s".formatted(error.getLineno(), reason(error)));
      }
    }
    return result.getOutput();
  }

  /** What went wrong: the template's own words where it called {@code raise_exception}. */
  private static String reason(TemplateError error) {
    for (Throwable t = error.getException(); t != null; t = t.getCause()) {
      if (t instanceof IllegalArgumentException && t.getMessage() != null) {
        return t.getMessage();
      }
    }
    return error.getMessage();
  }

  /** What templates call as {@code raise_exception}; public because Jinjava looks it up. */
  public static String raiseException(String message) {
    throw new IllegalArgumentException(message);
  }
}
