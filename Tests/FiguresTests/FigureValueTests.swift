import Figures
import Foundation
import TensorCore
import Testing

@Suite struct FigureValueTests {
  @Test func barTableHoldsEveryNumberInFull() throws {
    let chart = BarChart(
      "t",
      panels: [
        try .init("p", labels: ["a", "b"], values: [0.1, .nan], intervals: [.init(0, 0.3), .init(.nan, 1)]),
        .init("q", bars: [.init("c", -2)]),
      ])
    #expect(chart.table.header == ["panel", "position", "label", "value", "lower", "upper"])
    #expect(
      chart.table.rows == [
        ["p", "1", "a", "0.1", "0.0", "0.3"], ["p", "2", "b", "", "", "1.0"], ["q", "1", "c", "-2.0", "", ""],
      ])
  }

  @Test func gridTableGivesRangeAndKindOfEachPanel() {
    let heat = NDArray([Float.nan, -1, 2.5, .infinity], shape: [2, 2])
    let grid = PanelGrid(
      "t",
      panels: [
        ImagePanel("h", subtitle: "s", .heat(HeatMap(heat))), ImagePanel("l", .labels(LabelMap([0, 3], height: 1, width: 2))),
        ImagePanel("p", .picture(NDArray([9, 7] as [UInt8], shape: [2, 1]))),
      ], columns: 2)
    #expect(grid.rows.map(\.panels.count) == [2, 1])
    #expect(
      grid.table.rows == [
        ["0", "0", "", "h", "s", "heat map", "2", "2", "-1.0", "2.5"], ["0", "1", "", "l", "", "labels", "1", "2", "0.0", "3.0"],
        ["1", "0", "", "p", "", "picture", "2", "1", "7.0", "9.0"],
      ])
  }

  @Test func dataThatDoNotFitAreRefused() {
    func refused(_ panel: ImagePanel) -> Bool {
      do throws(FigureError) {
        _ = try PanelGrid("t", panels: [panel], columns: 1).drawing()
        return false
      } catch {
        return error.description.contains("bad panel")
      }
    }
    #expect(refused(ImagePanel("bad panel", .labels(LabelMap([1, 2, 3], height: 2, width: 2)))))
    #expect(refused(ImagePanel("bad panel", .heat(HeatMap(NDArray.zeros([4]))))))
    #expect(refused(ImagePanel("bad panel", .picture(NDArray.zeros([2, 2, 3])))))
    #expect(refused(ImagePanel("bad panel", .picture(NDArray.zeros([2, 2, 4], dtype: .uint8)))))
    let mask = RegionMask([true], height: 2, width: 2)
    #expect(refused(ImagePanel("bad panel", .heat(HeatMap(NDArray.zeros([2, 2]))), outline: mask)))
    #expect(throws: FigureError.self) { try BarChart.Panel("p", labels: ["a"], values: [1, 2]) }
  }

  @Test func pageGrowsWithItsContent() throws {
    let few = try FigureSamples.topChannels(height: 8, width: 8, count: 2).drawing()
    let many = try FigureSamples.topChannels(height: 8, width: 8, count: 20).drawing()
    #expect(many.width == few.width && many.height > 5 * few.height)
    let bars = try FigureSamples.bars(panels: 20, count: 10).drawing()
    #expect(bars.height < bars.width)
  }

  /// Perceived difference (Ottosson's OKLab, 2020).
  private func distance(_ a: RGBColor, _ b: RGBColor) -> Double {
    func lab(_ color: RGBColor) -> [Double] {
      func linear(_ byte: UInt8) -> Double {
        let value = Double(byte) / 255
        return value > 0.04045 ? pow((value + 0.055) / 1.055, 2.4) : value / 12.92
      }
      let (r, g, b) = (linear(color.red), linear(color.green), linear(color.blue))
      let l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
      let m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
      let s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
      return [
        0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s, 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
        0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
      ]
    }
    return zip(lab(a), lab(b)).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
  }

  @Test func segmentsHaveColoursThatCanBeToldApart() {
    #expect(Palette.distinctCount >= 20)
    for a in -1..<Palette.distinctCount {
      for b in -1..<a { #expect(distance(Palette.color(a), Palette.color(b)) > 0.08, "\(a) and \(b)") }
    }
    #expect(Set((0..<60).map(Palette.color)).count == 60)
    _ = Palette.color(.max)
    _ = Palette.color(.min)
  }

  @Test func colourMapsHaveTheirEndsAndTheirCentre() {
    #expect(distance(Colormap.sequential.color(at: 0), RGBColor(hex: 0x440154)) < 0.02)
    #expect(distance(Colormap.sequential.color(at: 0.5), RGBColor(hex: 0x21918c)) < 0.02)
    #expect(distance(Colormap.sequential.color(at: 1), RGBColor(hex: 0xfde725)) < 0.03)
    #expect(Colormap.diverging.color(at: 0.5) == RGBColor(hex: 0xf7f7f7))
    #expect(Colormap.diverging.color(at: -3) == Colormap.diverging.color(at: 0))
    #expect(Colormap.diverging.color(at: .nan) == Palette.color(-1))
  }
}
