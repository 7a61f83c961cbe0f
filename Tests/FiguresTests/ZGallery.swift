import Figures
import Foundation
import TensorCore
import Testing

@Test func gallery() throws {
  guard let folder = ProcessInfo.processInfo.environment["GALLERY"] else { return }
  func go(_ f: some Figure, _ n: String) throws {
    for e in FigureFormat.allCases {
      let d = Date()
      try f.render(to: "\(folder)/\(n).\(e.rawValue)", format: e)
      print("TIME", n, e, Date().timeIntervalSince(d))
    }
  }
  try go(FigureSamples.segmentation(count: 4), "seg4")
  try go(FigureSamples.segmentation(count: 20), "seg20")
  try go(FigureSamples.segmentation(height: 30, width: 240, count: 7), "segwide")
  try go(FigureSamples.segmentation(height: 240, width: 40, count: 12), "segtall")
  try go(FigureSamples.topChannels(count: 4), "top4")
  try go(FigureSamples.topChannels(count: 20), "top20")
  try go(FigureSamples.topChannels(height: 240, width: 40, count: 2), "toptall")
  try go(FigureSamples.topChannels(height: 20, width: 200, count: 3), "topwide")
  try go(FigureSamples.bars(panels: 1, count: 10, signed: true), "bars1")
  try go(FigureSamples.bars(panels: 4, count: 10), "bars4")
  try go(FigureSamples.bars(panels: 20, count: 10, signed: true), "bars20")
  let names = FigureSamples.hostileNames
  try go(
    BarChart(
      names[0],
      panels: [
        BarChart.Panel(names[1], bars: names.enumerated().map { BarChart.Bar($1, Double($0) - 2, interval: .init(.nan, 1)) }),
        BarChart.Panel("missing", bars: [.init("a", .nan), .init("b", 3e-8), .init("c", -.infinity)], color: Palette.color(3)),
        BarChart.Panel("", bars: []), BarChart.Panel("all NaN", bars: [.init("a", .nan)]),
      ], valueName: names[2], caption: names[3]), "hostile")
  let nan = NDArray([Float.nan, 1, 2, .infinity], shape: [2, 2])
  try go(
    PanelGrid(
      names[0],
      panels: names.map { ImagePanel($0, subtitle: $0, .heat(HeatMap(nan))) } + [
        ImagePanel("constant", .heat(HeatMap(NDArray(repeating: 3, shape: [4, 4])))),
        ImagePanel("all NaN", .heat(HeatMap(NDArray(repeating: .nan, shape: [4, 4])))),
        ImagePanel("empty", .heat(HeatMap(NDArray.zeros([0, 4])))),
        ImagePanel("trimmed", .heat(HeatMap(FigureSamples.wave(64, 64), colormap: .diverging, span: .trimmed(share: 0.1)))),
        ImagePanel("grey", .picture(NDArray((0..<64).map { UInt8($0 * 4) }, shape: [8, 8]))),
        ImagePanel("unassigned", .labels(LabelMap([0, -1, 30, 31], height: 2, width: 2, names: [30: names[0]]))),
      ], columns: 5), "odd")
  try go(PanelGrid("nothing", rows: []), "empty")
  try go(BarChart("", panels: []), "emptybars")
}
