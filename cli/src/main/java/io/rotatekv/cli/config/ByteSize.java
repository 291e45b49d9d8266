package io.rotatekv.cli.config;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number of bytes, written with a binary unit: {@code 512MiB}, {@code 1.5GiB}. */
public record ByteSize(long bytes) {

  private static final Pattern FORM = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*([KMGT]i)?B?");
  private static final String UNITS = "KMGT";

  /**
   * Reads a size.
   *
   * @throws IllegalArgumentException where the text is no size, or a decimal unit (KB, MB, GB),
   *     which nobody can tell from its binary namesake
   */
  public static ByteSize parse(String text) {
    Matcher matcher = FORM.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'%s' is not a size; write it as 512MiB or 2GiB".formatted(text));
    }
    String unit = matcher.group(2);
    long factor = unit == null ? 1 : 1L << (10 * (1 + UNITS.indexOf(unit.charAt(0))));
    double bytes = Double.parseDouble(matcher.group(1)) * factor;
    if (bytes >= Long.MAX_VALUE) {
      throw new IllegalArgumentException("'%s' is more than can be addressed".formatted(text));
    }
    return new ByteSize(Math.round(bytes));
  }

  /** The size in its largest unit that keeps it at one or above: {@code 1.5 GiB}. */
  @Override
  public String toString() {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0 || value == Math.rint(value)
        ? "%d %s".formatted((long) value, units[unit])
        : String.format(Locale.ROOT, "%.2f %s", value, units[unit]);
  }
}
