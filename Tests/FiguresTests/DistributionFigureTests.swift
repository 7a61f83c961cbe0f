import Figures
import Foundation
import Testing

@Suite struct DistributionFigureTests {
  /// By hand, and NumPy's quantiles.
  @Test func boxes() throws {
    let plot = BoxPlot(
      "t",
      groups: [
        BoxPlot.Group("a", values: [7, 1, 2, 3, 4, 100, .nan], reference: 5), BoxPlot.Group("one", values: [2.5]),
        BoxPlot.Group("none", values: [.infinity]),
      ])
    #expect(
      plot.table.rows == [
        ["a", "6", "1.0", "1.0", "2.25", "3.5", "6.25", "7.0", "100.0", "5.0"],
        ["one", "1", "2.5", "2.5", "2.5", "2.5", "2.5", "2.5", "2.5", ""], ["none", "0", "", "", "", "", "", "", "", ""],
      ])
    let small = try plot.drawing()
    let large = try BoxPlot("t", groups: (0..<60).map { BoxPlot.Group("layer\($0).conv", values: [1, Double($0)]) }).drawing()
    #expect(large.height > 5 * small.height && large.width < 2 * small.width)
    #expect(try BoxPlot("", groups: []).drawing().height > 0)
  }

  @Test func points() throws {
    let plot = ScatterPlot(
      "t", panels: [ScatterPlot.Panel("p", x: [0, 1, .nan], y: [2, 3, 4], values: [5, .nan, 7], labels: ["", "b", "c"])],
      valueName: "v")
    #expect(plot.table.rows == [["p", "0", "0.0", "2.0", "5.0"], ["p", "1", "1.0", "3.0", ""], ["p", "2", "", "4.0", "7.0"]])
    #expect(try plot.drawing().width > 100)
    for panel in [
      ScatterPlot.Panel("p", x: [1], y: [], values: [1]), ScatterPlot.Panel("p", x: [1], y: [1], values: []),
      ScatterPlot.Panel("p", x: [1], y: [1], values: [1], labels: ["a", "b"]),
    ] {
      #expect(throws: FigureError.self) { try ScatterPlot("t", panels: [panel], valueName: "v").drawing() }
    }
  }

  @Test(.enabled(if: (try? Gnuplot.find()) != nil, "gnuplot is not installed"))
  func everyFormatShowsNames() throws {
    let boxes = BoxPlot(
      "boxes", groups: FigureSamples.hostileNames.map { BoxPlot.Group($0, values: [1, 2, 9]) }, valueName: "100 %")
    let equal = ScatterPlot.Panel("equal", x: [1, 1], y: [2, 2], values: [3, 3], labels: ["$(rm)", "\"; exit"])
    let points = ScatterPlot(
      "points", panels: [equal, ScatterPlot.Panel("empty", x: [], y: [], values: [])], valueName: "v", caption: "c")
    try Scratch.with { folder in
      for format in FigureFormat.allCases {
        for (name, figure) in [("boxes", boxes as any Figure), ("points", points)] {
          let path = "\(folder)/\(name).\(format.rawValue)"
          try figure.render(to: path, format: format)
          #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count > 500)
        }
      }
      let text = try String(contentsOfFile: "\(folder)/points.svg", encoding: .utf8)
      #expect(text.contains(">$(rm)<") && text.contains("no data"))
    }
  }
}
