package io.rotatekv.eval.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.Font;
import java.awt.FontFormatException;
import java.awt.font.FontRenderContext;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ReportTest {

  private static final Pattern IMAGE = Pattern.compile("src=\"data:([^;]+);base64,([^\"]+)\"");
  private static final String ORIGIN =
      "'text':'<wiki>.txt','text_sha256':'696c','commit':'abc123','date':'2026-01-02'";

  private static JsonNode line(String eval, String codec, String figures)
      throws JsonProcessingException {
    String line =
        ("{'eval':'%s','model':'tiny','codec':'%s','bits':2,'avg_bits':2.3,'attend':'block','seq':64,"
                + "'windows':2,%s,%s}")
            .formatted(eval, codec, figures, ORIGIN);
    return new ObjectMapper().readTree(line.replace('\'', '"'));
  }

  private static List<String> imageTypes(String page) {
    List<String> types = new ArrayList<>();
    Matcher image = IMAGE.matcher(page);
    while (image.find()) {
      types.add(image.group(1));
      byte[] bytes = Base64.getDecoder().decode(image.group(2));
      String head = new String(bytes, 0, 5, StandardCharsets.ISO_8859_1);
      assertTrue(head.startsWith(image.group(1).endsWith("png") ? "\u0089PNG" : "<?xml"), head);
    }
    return types;
  }

  @Test
  void thePageNamesModelTextCommitDateAndCommandAndNeedsNoOtherFile()
      throws JsonProcessingException {
    String page =
        Report.html(
            List.of(line("ppl", "fp16", "'ppl':18.5,'tokens':126,'window_nll':[2.9,2.8]")),
            "rotatekv eval ppl --text <wiki>.txt");
    for (String part :
        List.of("tiny", "&lt;wiki&gt;.txt", "696c", "abc123", "2026-01-02", "18.5000", "--text")) {
      assertTrue(page.contains(part), part);
    }
    assertFalse(page.contains("<wiki>"));
    assertFalse(page.replaceAll("base64,[^\"]+", "").contains("http"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          kl       | 2 | 'kl':0.1,'kl_stderr':0.01,'top1':0.9,'top1_stderr':0.02
          gsm8k    | 1 | 'accuracy':0.1,'accuracy_low':0.05,'accuracy_high':0.2,'correct':1,'no_number':3
          ablation | 1 | 'table':7,'row':'+ sinks','ppl':20.5
          needle   | 2 | 'accuracy':1,'cells':[{'length':512,'depth':0,'exact':1,'mrr':1},{'length':512,'depth':50,'exact':0,'mrr':0.5}]
          mse      | 4 | 'key_error':0.2,'layers':[{'key_error':[0.1,0.3],'key_error_after_rope':[0.2,0.2],'value_error':[0.1,0.1]}]
          figures  | 6 | 'layer':1,'keys':[[1,2],[3,4]],'keys_after_rope':[[1,2],[3,4]],'keys_rotated':[[1,2],[3,4]],'peaks':[[1,900]],'attention':[[0.7,0.1]]
          """)
  void eachEvaluationBecomesItsCharts(String eval, int charts, String figures)
      throws JsonProcessingException {
    String page = Report.html(List.of(line(eval, "rotatekv2", figures)), "rotatekv eval");
    assertEquals(charts, imageTypes(page).size(), page.replaceAll("base64,[^\"]+", ""));
  }

  /** A machine's own font would have other widths. */
  @Test
  void textIsDrawnWithTheFontOfTheJar() throws FontFormatException, IOException {
    Report.requireCharts();
    String name = "/com/formdev/flatlaf/fonts/roboto/Roboto-Bold.ttf";
    try (InputStream file = Objects.requireNonNull(ReportTest.class.getResourceAsStream(name))) {
      Font roboto = Font.createFont(Font.TRUETYPE_FONT, file).deriveFont(40f);
      assertEquals(width(roboto), width(new Font(Font.SANS_SERIF, Font.BOLD, 40)));
    }
  }

  private static double width(Font font) {
    FontRenderContext context = new FontRenderContext(null, true, true);
    return font.getStringBounds("Perplexity, keys and values", context).getWidth();
  }

  @Test
  void aHeatMapOfManyCellsIsABitmap() {
    List<List<Double>> rows = new ArrayList<>();
    for (int row = 0; row < 40; row++) {
      rows.add(List.copyOf(Collections.nCopies(40, (double) row)));
    }
    Charts.Picture picture =
        Charts.heat("x", "y", Lines.labels(40), Lines.labels(40), rows, List.of());
    assertEquals("image/png", picture.mimeType());
  }

  @Test
  void twoLinesOfOneCodecStayApart() throws JsonProcessingException {
    String figures = "'ppl':18.5,'tokens':126,'window_nll':[2.9,2.8]";
    List<JsonNode> lines =
        List.of(
            line("ppl", "fp16", figures),
            line("ppl", "fp16", figures),
            line("ppl", "fp16", figures));
    assertEquals(3, Lines.names(lines).stream().distinct().count());
    assertEquals(3, imageTypes(Report.html(lines, "rotatekv")).size());
  }
}
