package io.rotatekv.model.chat;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import org.jspecify.annotations.Nullable;

/**
 * The methods of Python's {@code str} that chat templates call and Java's strings lack, or have
 * under the same name with another meaning.
 */
final class PythonStringMethods extends ELResolver {

  @Override
  public @Nullable Object invoke(
      ELContext context,
      Object base,
      Object method,
      Class<?> @Nullable [] types,
      Object @Nullable [] arguments) {
    if (!(base instanceof String text)) {
      return null;
    }
    Object[] given = arguments == null ? new Object[0] : arguments;
    Object result =
        given.length == 0
            ? invoke(text, String.valueOf(method))
            : invoke(text, String.valueOf(method), String.valueOf(given[0]), given.length);
    if (result != null) {
      context.setPropertyResolved(true);
    }
    return result;
  }

  private static @Nullable Object invoke(String text, String method) {
    return switch (method) {
      case "strip" -> text.strip();
      case "lstrip" -> text.stripLeading();
      case "rstrip" -> text.stripTrailing();
      case "upper" -> text.toUpperCase(Locale.ROOT);
      case "lower" -> text.toLowerCase(Locale.ROOT);
      case "split" -> List.of(text.strip().split("\\s+", -1));
      default -> null;
    };
  }

  private static @Nullable Object invoke(String text, String method, String argument, int count) {
    if (count != 1) {
      return null;
    }
    return switch (method) {
      case "strip" -> stripTrailing(stripLeading(text, argument), argument);
      case "lstrip" -> stripLeading(text, argument);
      case "rstrip" -> stripTrailing(text, argument);
      case "startswith" -> text.startsWith(argument);
      case "endswith" -> text.endsWith(argument);
      case "split" -> new ArrayList<>(List.of(text.split(Pattern.quote(argument), -1)));
      default -> null;
    };
  }

  private static String stripLeading(String text, String characters) {
    int start = 0;
    while (start < text.length() && characters.indexOf(text.charAt(start)) >= 0) {
      start++;
    }
    return text.substring(start);
  }

  private static String stripTrailing(String text, String characters) {
    int end = text.length();
    while (end > 0 && characters.indexOf(text.charAt(end - 1)) >= 0) {
      end--;
    }
    return text.substring(0, end);
  }

  // Properties are left to the resolvers that follow.

  @Override
  public @Nullable Object getValue(ELContext context, @Nullable Object base, Object property) {
    return null;
  }

  @Override
  public @Nullable Class<?> getType(ELContext context, @Nullable Object base, Object property) {
    return null;
  }

  @Override
  public void setValue(
      ELContext context, @Nullable Object base, Object property, @Nullable Object value) {}

  @Override
  public boolean isReadOnly(ELContext context, @Nullable Object base, Object property) {
    return true;
  }

  @Override
  public @Nullable Iterator<java.beans.FeatureDescriptor> getFeatureDescriptors(
      ELContext context, @Nullable Object base) {
    return null;
  }

  @Override
  public @Nullable Class<?> getCommonPropertyType(ELContext context, @Nullable Object base) {
    return null;
  }
}
