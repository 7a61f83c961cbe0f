/// A category per pixel, such as the segments of a picture. A negative label means "none" and is grey.
public struct LabelMap: Sendable {
  /// Row-major, `height` × `width`.
  public var labels: [Int]
  public var height: Int
  public var width: Int
  /// Names of labels in the legend. Default: "segment k".
  public var names: [Int: String]
  /// Whether the legend of the figure lists the labels with their numbers of pixels.
  public var showsLegend: Bool

  public init(_ labels: [Int], height: Int, width: Int, names: [Int: String] = [:], showsLegend: Bool = true) {
    self.labels = labels
    self.height = height
    self.width = width
    self.names = names
    self.showsLegend = showsLegend
  }

  /// How many pixels each label has, by ascending label.
  var sizes: [(label: Int, count: Int)] {
    var counts: [Int: Int] = [:]
    for label in labels { counts[max(label, -1), default: 0] += 1 }
    return counts.sorted { $0.key < $1.key }.map { (label: $0.key, count: $0.value) }
  }

  /// One line of the legend per label.
  var legend: [PanelGrid.LegendEntry] {
    sizes.map { label, count in
      let name = names[label] ?? (label < 0 ? "none" : "segment \(label)")
      let share = NumberText.fixed(100 * Double(count) / Double(max(labels.count, 1)), decimals: 1)
      return PanelGrid.LegendEntry("\(name): \(NumberText.grouped(count)) px (\(share) %)", color: Palette.color(label))
    }
  }

  var raster: Raster {
    Raster(width: width, height: height, colors: labels.map(Palette.color), isCategorical: true)
  }
}
