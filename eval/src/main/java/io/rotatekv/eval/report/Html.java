package io.rotatekv.eval.report;

import java.util.Base64;
import java.util.List;

/** Builds the body of a page from headings, tables and pictures; all text is escaped. */
final class Html {

  private final StringBuilder body = new StringBuilder();

  Html heading(String text) {
    body.append("<h2>").append(escape(text)).append("</h2>\n");
    return this;
  }

  Html paragraph(String text) {
    body.append("<p>").append(escape(text)).append("</p>\n");
    return this;
  }

  /** A table: the first column to the left, the others to the right. */
  Html table(List<String> header, List<List<String>> rows) {
    body.append("<div class=\"wide\"><table>\n<thead>");
    row(header, "th");
    body.append("</thead>\n<tbody>");
    rows.forEach(row -> row(row, "td"));
    body.append("</tbody>\n</table></div>\n");
    return this;
  }

  private void row(List<String> cells, String tag) {
    body.append("<tr>");
    for (String cell : cells) {
      body.append('<').append(tag).append('>').append(escape(cell));
      body.append("</").append(tag).append('>');
    }
    body.append("</tr>\n");
  }

  /** A picture with its caption, embedded as an image of its own so that no ids collide. */
  Html figure(Charts.Picture picture, String caption) {
    body.append("<figure><img alt=\"").append(escape(caption)).append("\" src=\"data:");
    body.append(picture.mimeType()).append(";base64,");
    body.append(Base64.getEncoder().encodeToString(picture.bytes())).append("\">");
    body.append("<figcaption>").append(escape(caption)).append("</figcaption></figure>\n");
    return this;
  }

  @Override
  public String toString() {
    return body.toString();
  }

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
