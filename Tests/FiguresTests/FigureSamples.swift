import Figures
import Foundation
import TensorCore

/// Pictures for the tests: what people will draw, and what could break a layout.
enum FigureSamples {
  static let hostileNames = [
    #"it's "x" \n_{a}^$(rm) @{/Bold} `touch pwned`"#, "CD3 ε-chain — Ki‑67 (日本語)", "100 %g <b>&amp; \\",
    "line one\nline two\ttab", "'", "''; system('touch pwned'); '", "",
  ]

  static let channelNames = [
    "smoothed red, σ = 4 px", "Gabor 45°, λ = 8 px, magnitude", "PanCK", "layer4.2.conv3.channel_0123_after_relu_and_batch_norm",
    "gradient magnitude", "Ki67", "Vimentin", "CD20", "hue", "local variance 9×9",
  ]

  /// A smooth map with one hill per 40 pixels and both signs.
  static func wave(_ height: Int, _ width: Int, phase: Double = 0, scale: Double = 1) -> NDArray {
    var values: [Float] = []
    for y in 0..<height {
      for x in 0..<width {
        values.append(Float(scale * (sin(Double(x) / 9 + phase) * cos(Double(y) / 7) + 0.3 * sin(phase))))
      }
    }
    return NDArray(values, shape: [height, width])
  }

  static func picture(_ height: Int, _ width: Int) -> NDArray {
    var bytes: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        bytes += [UInt8(255 * x / max(width, 1)), UInt8(255 * y / max(height, 1)), UInt8((x / 8 + y / 8) % 2 * 120)]
      }
    }
    return NDArray(bytes, shape: [height, width, 3])
  }

  /// Voronoi cells of `count` points.
  static func segments(_ height: Int, _ width: Int, count: Int) -> LabelMap {
    var random = RandomSource(seed: 3)
    let points = (0..<count).map { _ in (y: random.uniform() * Double(height), x: random.uniform() * Double(width)) }
    var labels: [Int] = []
    for y in 0..<height {
      for x in 0..<width {
        func distance(_ k: Int) -> Double { pow(points[k].y - Double(y), 2) + pow(points[k].x - Double(x), 2) }
        labels.append((0..<count).min { distance($0) < distance($1) } ?? -1)
      }
    }
    return LabelMap(labels, height: height, width: width)
  }

  static func segmentation(height: Int = 96, width: Int = 128, count: Int) -> PanelGrid {
    PanelGrid(
      "Segmentation into \(count) segments",
      panels: [
        ImagePanel("picture", .picture(picture(height, width))),
        ImagePanel("segments", .labels(segments(height, width, count: count))),
      ],
      columns: 2, caption: "Held fixed in the derivative: σ, the rotation and the assignment.")
  }

  static func topChannels(height: Int = 96, width: Int = 128, count: Int, perSegment: Int = 5) -> PanelGrid {
    let map = segments(height, width, count: count)
    let rows = (0..<count).map { segment in
      PanelGrid.Row(
        "segment \(segment)", color: Palette.color(segment),
        panels: (0..<perSegment).map { rank in
          let name = channelNames[(segment * 3 + rank) % channelNames.count]
          let heat = HeatMap(
            wave(height, width, phase: Double(segment + rank), scale: pow(10, -Double(rank))),
            colormap: rank % 2 == 0 ? .diverging : .sequential)
          return ImagePanel(
            "#\(rank + 1) \(name)", subtitle: "+0.0\(123 - rank * 11)", .heat(heat), outline: RegionMask(of: segment, in: map))
        })
    }
    return PanelGrid("Top channels of each segment", rows: rows)
  }

  static func bars(panels: Int, count: Int, signed: Bool = false) -> BarChart {
    var random = RandomSource(seed: 5)
    return BarChart(
      "Top channels of each segment",
      panels: (0..<panels).map { panel in
        let bars = (0..<count).map { index -> BarChart.Bar in
          let sign = signed && index % 3 == 2 ? -1.0 : 1.0
          let value = sign * exp(-Double(index) / 3) * (0.02 + 0.02 * random.uniform())
          return BarChart.Bar(
            channelNames[(panel + index) % channelNames.count], value, interval: .init(value * 0.8, value * 1.25))
        }
        return BarChart.Panel("segment \(panel)", bars: bars, color: Palette.color(panel))
      }, valueName: "mean absolute gradient")
  }
}
