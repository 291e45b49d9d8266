package io.rotatekv.cli.config;

import java.util.Collection;
import java.util.Comparator;

/** Finds the name that a mistyped one most likely meant. */
final class NearestName {

  private NearestName() {}

  /** The known name of the least edit distance (Levenshtein 1966); {@code known} is not empty. */
  static String of(String name, Collection<String> known) {
    return known.stream()
        .min(Comparator.comparingInt((String each) -> distance(name, each)).thenComparing(n -> n))
        .orElseThrow();
  }

  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int substitute = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substitute, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
