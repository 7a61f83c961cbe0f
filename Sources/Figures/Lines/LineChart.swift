import Foundation

/// Curves over a common axis, in one or more panels side by side.
public struct LineChart: Figure {
  /// One curve. Points that are not finite are left out, and break the line.
  public struct Curve: Sendable, Equatable {
    public enum Style: Sendable, Equatable { case solid, dashed, faint }

    public var name: String
    public var x: [Double]
    public var y: [Double]
    /// What is shaded around the curve, as low and high values of y. Default: nothing.
    public var band: [(low: Double, high: Double)]?
    public var color: RGBColor
    public var style: Style
    /// Whether each point is marked. Default: true.
    public var hasMarks: Bool

    /// - Parameters:
    ///   - name: for the legend.
    ///   - x: of each point.
    ///   - y: of each point, as many.
    ///   - band: low and high values of y, as many (default: nothing).
    ///   - color: of curve, band and marks.
    ///   - style: of the curve (default: solid).
    ///   - hasMarks: whether each point is marked (default: true).
    public init(
      _ name: String, x: [Double], y: [Double], band: [(low: Double, high: Double)]? = nil, color: RGBColor,
      style: Style = .solid, hasMarks: Bool = true
    ) {
      self.name = name
      self.x = x
      self.y = y
      self.band = band
      self.color = color
      self.style = style
      self.hasMarks = hasMarks
    }

    public static func == (a: Curve, b: Curve) -> Bool {
      let bands = zip(a.band ?? [], b.band ?? []).allSatisfy { $0.low == $1.low && $0.high == $1.high }
      return a.name == b.name && a.x == b.x && a.y == b.y && a.band?.count == b.band?.count && bands && a.color == b.color
        && a.style == b.style && a.hasMarks == b.hasMarks
    }
  }

  /// How places on the horizontal axis follow from numbers.
  public enum Scale: Sendable, Equatable {
    case linear
    /// Linear from 0 to `threshold`, logarithmic beyond it: for doses that begin with 0. Not for negative numbers.
    case symmetricLogarithm(threshold: Double)
  }

  public struct Panel: Sendable, Equatable {
    public var title: String
    public var curves: [Curve]
    public var xName: String
    public var yName: String
    /// Where a thin horizontal line is drawn. Default: none.
    public var reference: Double?

    public init(_ title: String, curves: [Curve], xName: String = "", yName: String = "", reference: Double? = nil) {
      self.title = title
      self.curves = curves
      self.xName = xName
      self.yName = yName
      self.reference = reference
    }
  }

  public var title: String
  public var panels: [Panel]
  public var scale: Scale
  /// Panels side by side. Default: 1 for one panel, 2 up to four, 3 up to nine, else 5.
  public var columns: Int?
  /// The height of each plot in points. Default: 190.
  public var plotHeight: Double
  /// Whether the curves of each panel are named below it; false if all panels have those of the first, which are named once.
  public var namesEachPanel: Bool
  /// Small print at the bottom. Default: none.
  public var caption: String

  public init(
    _ title: String, panels: [Panel], scale: Scale = .linear, columns: Int? = nil, plotHeight: Double = 190,
    namesEachPanel: Bool = true, caption: String = ""
  ) {
    self.title = title
    self.panels = panels
    self.scale = scale
    self.columns = columns
    self.plotHeight = plotHeight
    self.namesEachPanel = namesEachPanel
    self.caption = caption
  }

  /// One row per point.
  public var table: (header: [String], rows: [[String]]) {
    var rows: [[String]] = []
    for panel in panels {
      for curve in panel.curves {
        for index in curve.x.indices {
          rows.append([
            panel.title, curve.name, NumberText.full(curve.x[index]), NumberText.full(curve.y[index]),
            NumberText.full(curve.band?[index].low ?? .nan), NumberText.full(curve.band?[index].high ?? .nan),
          ])
        }
      }
    }
    return (header: ["panel", "curve", "x", "y", "low", "high"], rows: rows)
  }
}

extension LineChart.Scale {
  /// From a number to a place in no particular unit.
  func place(_ value: Double) -> Double {
    switch self {
    case .linear: return value
    case .symmetricLogarithm(let threshold):
      return value <= threshold ? value / threshold : 1 + log2(value / threshold)
    }
  }
}
