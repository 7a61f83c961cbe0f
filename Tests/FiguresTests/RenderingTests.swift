import Figures
import Foundation
import TensorCore
import Testing

private let hasGnuplot = (try? Gnuplot.find()) != nil

@Suite(.enabled(if: hasGnuplot, "gnuplot is not installed")) struct RenderingTests {
  private let small = PanelGrid(
    "small", panels: [ImagePanel("map", .heat(HeatMap(FigureSamples.wave(8, 12), colormap: .diverging)))], columns: 1)

  private func bytes(
    _ figure: some Figure, _ format: FigureFormat, width: Double? = nil, pixelsPerPoint: Double = 2
  ) throws -> Data {
    try Scratch.with { folder in
      let path = folder + "/figure"
      try figure.render(to: path, format: format, width: width, pixelsPerPoint: pixelsPerPoint)
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
  }

  /// Width and height from the header of a PNG.
  private func size(ofPNG data: Data) -> [Int] {
    [16, 20].map { start in data[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
  }

  @Test func everyFormatIsWhatItSays() throws {
    for figure in [small, FigureSamples.segmentation(height: 20, width: 30, count: 20)] {
      #expect(try bytes(figure, .png).starts(with: [0x89, 0x50, 0x4e, 0x47]))
      #expect(try bytes(figure, .pdf).starts(with: Data("%PDF-".utf8)))
      #expect(try String(decoding: bytes(figure, .svg), as: UTF8.self).contains("<svg"))
    }
  }

  @Test func sameFigureGivesSameBytesAtAnotherTime() throws {
    let first = try FigureFormat.allCases.map { try bytes(small, $0) }
    // The date in a PDF counts seconds.
    Thread.sleep(forTimeInterval: 1.1)
    let second = try FigureFormat.allCases.map { try bytes(small, $0) }
    for (index, format) in FigureFormat.allCases.enumerated() { #expect(first[index] == second[index], "\(format)") }
  }

  @Test func sizeFollowsWidthAndResolution() throws {
    let natural = size(ofPNG: try bytes(small, .png, pixelsPerPoint: 1))
    #expect(size(ofPNG: try bytes(small, .png, pixelsPerPoint: 3)) == natural.map { 3 * $0 })
    #expect(size(ofPNG: try bytes(small, .png, width: 400, pixelsPerPoint: 1))[0] == 400)
  }

  @Test func impossibleSizesAreRefused() {
    #expect(throws: FigureError.self) { try small.render(to: "/tmp/never", format: .png, width: -1) }
    #expect(throws: FigureError.self) { try small.render(to: "/tmp/never", format: .png, pixelsPerPoint: .nan) }
  }

  @Test func namesOfUsersAreShownAsTheyAre() throws {
    let mark = NSTemporaryDirectory() + "clew-pwned-\(UUID().uuidString)"
    let names = FigureSamples.hostileNames + ["`touch \(mark)`", "\"; system(\"touch \(mark)\"); \"", "$(touch \(mark))", "\\"]
    let bars = names.enumerated().map { BarChart.Bar($1, Double($0) + 1) }
    let chart = BarChart(names[0], panels: [.init(names[1], bars: bars)], valueName: names[2], caption: names[5])
    let grid = PanelGrid(
      names[0],
      rows: [.init(names[1], panels: names.map { ImagePanel($0, subtitle: $0, .heat(HeatMap(FigureSamples.wave(4, 4)))) })],
      legend: names.map { .init($0, color: Palette.color(0)) }, caption: names[3])
    for format in FigureFormat.allCases {
      _ = try bytes(chart, format)
      _ = try bytes(grid, format)
    }
    #expect(!FileManager.default.fileExists(atPath: mark))
    let svg = String(decoding: try bytes(chart, .svg), as: UTF8.self)
    #expect(svg.contains(##">it's "x" \n_{a}^$(rm) @{/Bold} `touch pwned`</text>"##))
    #expect(svg.contains("CD3 ε-chain — Ki‑67 (日本語)"))
    #expect(svg.contains("100 %g &lt;b>&amp;amp; \\"))
    #expect(svg.contains(">line one line two tab<"))
    #expect(svg.contains("''; system('touch pwned'); '"))
    #expect(svg.contains("font-weight=\"bold\""))
  }

  @Test func missingNumbersAreDrawnAsSuch() throws {
    let nan = NDArray([Float.nan, 1, 2, .infinity], shape: [2, 2])
    let grid = PanelGrid(
      "odd",
      panels: [
        ImagePanel("NaN", .heat(HeatMap(nan))),
        ImagePanel("all NaN", .heat(HeatMap(NDArray(repeating: .nan, shape: [3, 3])))),
        ImagePanel("constant", .heat(HeatMap(NDArray(repeating: 3, shape: [3, 3])))),
        ImagePanel("all zero", .heat(HeatMap(NDArray.zeros([3, 3]), colormap: .diverging))),
        ImagePanel("empty", .heat(HeatMap(NDArray.zeros([0, 4])))),
        ImagePanel("one row", .heat(HeatMap(FigureSamples.wave(1, 9)))),
        ImagePanel("one pixel", .labels(LabelMap([5], height: 1, width: 1))),
        ImagePanel("huge", .heat(HeatMap(NDArray([-1e308, 1e308], shape: [1, 2]), span: .trimmed(share: 0.2)))),
        ImagePanel("no region", .picture(FigureSamples.picture(4, 4)), outline: RegionMask([], height: 0, width: 0)),
      ], columns: 4)
    let chart = BarChart(
      "", panels: [.init("", bars: []), .init("a", bars: [.init("x", .nan), .init("y", 1e308, interval: .init(-1e308, .nan))])])
    for format in FigureFormat.allCases {
      _ = try bytes(grid, format)
      _ = try bytes(chart, format)
      _ = try bytes(PanelGrid("nothing", rows: []), format)
      _ = try bytes(BarChart("", panels: []), format)
    }
    let svg = String(decoding: try bytes(grid, .svg), as: UTF8.self)
    #expect(svg.contains("no finite value") && svg.contains("no data") && svg.contains("constant 3"))
  }
}
