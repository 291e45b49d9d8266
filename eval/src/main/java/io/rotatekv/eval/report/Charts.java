package io.rotatekv.eval.report;

import io.rotatekv.eval.run.EvalException;
import java.awt.Color;
import java.awt.Font;
import java.awt.font.FontRenderContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.HeatMapChart;
import org.knowm.xchart.HeatMapChartBuilder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws charts with XChart: SVG, or PNG where a chart has so many cells that SVG would be huge. */
final class Charts {

  private static final int WIDTH = 860;
  private static final int HEIGHT = 360;
  private static final int MOST_VECTOR_CELLS = 600;
  private static final Color INK = new Color(0x33, 0x3a, 0x44);
  private static final Color GRID = new Color(0xe3, 0xe6, 0xea);
  private static final Color[] SERIES = {
    new Color(0x1f, 0x77, 0xb4),
    new Color(0xd9, 0x5f, 0x02),
    new Color(0x2c, 0xa0, 0x2c),
    new Color(0x94, 0x67, 0xbd),
    new Color(0x8c, 0x56, 0x4b),
    new Color(0xe3, 0x77, 0xc2),
    new Color(0x7f, 0x7f, 0x7f),
    new Color(0xbc, 0xbd, 0x22),
  };
  private static final Color[] HEAT = {
    new Color(0xf7, 0xfb, 0xff),
    new Color(0x9e, 0xca, 0xe1),
    new Color(0x31, 0x82, 0xbd),
    new Color(0x08, 0x30, 0x6b),
    new Color(0xd9, 0x5f, 0x02),
  };

  private Charts() {}

  /** A drawn chart. */
  record Picture(String mimeType, byte[] bytes) {}

  /**
   * Refuses a Java that cannot draw text, before anything is measured for a report.
   *
   * @throws EvalException with the cure
   */
  @SuppressWarnings("CheckReturnValue")
  static void requireText() {
    ChartFont.use();
    try {
      new Font(Font.SANS_SERIF, Font.PLAIN, 12)
          .createGlyphVector(new FontRenderContext(null, true, true), "0");
    } catch (LinkageError | InternalError | RuntimeException e) {
      throw new EvalException(
          "the charts of a report need a Java that can draw text, and this one lacks FreeType"
              + " (Debian: apt install libfreetype6); or measure with --results FILE and run"
              + " 'rotatekv eval report FILE' with another",
          e);
    }
  }

  /**
   * Bars, one for each name.
   *
   * @param errors half-widths of the error bars; 0 for none
   */
  static Picture bars(String figure, List<String> names, List<Double> values, List<Double> errors) {
    CategoryChart chart =
        new CategoryChartBuilder().width(WIDTH).height(HEIGHT).yAxisTitle(figure).build();
    style(chart.getStyler()).setLegendVisible(false);
    chart.getStyler().setAvailableSpaceFill(.5).setXAxisLabelRotation(names.size() > 6 ? 30 : 0);
    chart.addSeries(figure, names, values, errors);
    return vector(chart);
  }

  /** A line for each name over 0, 1, … */
  static Picture lines(String x, String y, Map<String, List<Double>> series) {
    XYChart chart =
        new XYChartBuilder().width(WIDTH).height(HEIGHT).xAxisTitle(x).yAxisTitle(y).build();
    style(chart.getStyler());
    series.forEach((name, values) -> {
      List<Integer> places = new ArrayList<>();
      for (int i = 0; i < values.size(); i++) {
        places.add(i);
      }
      chart.addSeries(name, places, values).setMarker(SeriesMarkers.NONE);
    });
    return vector(chart);
  }

  /** A point for each name. */
  static Picture points(String x, String y, List<String> names, List<Double> xs, List<Double> ys) {
    XYChart chart =
        new XYChartBuilder().width(WIDTH).height(HEIGHT).xAxisTitle(x).yAxisTitle(y).build();
    style(chart.getStyler());
    for (int i = 0; i < names.size(); i++) {
      chart
          .addSeries(names.get(i), List.of(xs.get(i)), List.of(ys.get(i)))
          .setMarker(SeriesMarkers.CIRCLE);
    }
    return vector(chart);
  }

  /**
   * A heat map.
   *
   * @param cells {@code (rows, columns)}, the first row at the bottom
   * @param range least and largest of the colours' scale; empty for the cells' own
   */
  static Picture heat(
      String x,
      String y,
      List<String> columns,
      List<String> rows,
      List<List<Double>> cells,
      List<Double> range) {
    HeatMapChart chart =
        new HeatMapChartBuilder().width(WIDTH).height(HEIGHT).xAxisTitle(x).yAxisTitle(y).build();
    style(chart.getStyler());
    chart.getStyler().setRangeColors(HEAT);
    if (!range.isEmpty()) {
      chart.getStyler().setMin(range.get(0)).setMax(range.get(1));
    }
    int count = columns.size() * rows.size();
    chart.getStyler().setShowValue(count <= 60).setHeatMapValueDecimalPattern("0.00");
    chart.getStyler().setXAxisMaxLabelCount(16);
    List<Number[]> data = new ArrayList<>();
    for (int row = 0; row < rows.size(); row++) {
      for (int column = 0; column < columns.size(); column++) {
        data.add(new Number[] {column, row, cells.get(row).get(column)});
      }
    }
    chart.addSeries("cells", columns, rows, data);
    return count > MOST_VECTOR_CELLS ? bitmap(chart) : vector(chart);
  }

  private static <S extends AxesChartStyler> S style(S styler) {
    styler.setChartBackgroundColor(Color.WHITE).setChartFontColor(INK).setChartTitleVisible(false);
    styler.setPlotBorderVisible(false).setSeriesColors(SERIES);
    styler.setLegendPosition(Styler.LegendPosition.OutsideE).setLegendBorderColor(Color.WHITE);
    styler.setPlotGridLinesColor(GRID);
    styler.setAxisTickLabelsColor(INK);
    return styler;
  }

  private static Picture vector(Chart<?, ?> chart) {
    ChartFont.use();
    try {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      VectorGraphicsEncoder.saveVectorGraphic(
          chart, out, VectorGraphicsEncoder.VectorGraphicsFormat.SVG);
      return new Picture("image/svg+xml", out.toByteArray());
    } catch (IOException e) {
      throw new IllegalStateException("an array takes any bytes", e);
    }
  }

  private static Picture bitmap(Chart<?, ?> chart) {
    ChartFont.use();
    try {
      return new Picture(
          "image/png", BitmapEncoder.getBitmapBytes(chart, BitmapEncoder.BitmapFormat.PNG));
    } catch (IOException e) {
      throw new IllegalStateException("an array takes any bytes", e);
    }
  }
}
