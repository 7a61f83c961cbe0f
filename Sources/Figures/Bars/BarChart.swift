/// Horizontal bars with names, in one or more panels.
public struct BarChart: Figure {
  /// One bar. NaN and infinities are shown as "n/a".
  public struct Bar: Sendable, Equatable {
    public var label: String
    public var value: Double
    /// The interval of uncertainty, drawn as a whisker. Default: none.
    public var interval: Interval?
    /// Default: the colour of the panel.
    public var color: RGBColor?

    public init(_ label: String, _ value: Double, interval: Interval? = nil, color: RGBColor? = nil) {
      self.label = label
      self.value = value
      self.interval = interval
      self.color = color
    }
  }

  /// From `lower` to `upper`, in the unit of the values; not drawn unless both are finite.
  public struct Interval: Sendable, Equatable {
    public var lower: Double
    public var upper: Double

    public init(_ lower: Double, _ upper: Double) {
      self.lower = lower
      self.upper = upper
    }
  }

  /// Bars from top to bottom under a heading.
  public struct Panel: Sendable, Equatable {
    public var title: String
    public var bars: [Bar]
    /// Default: blue, without a square before the heading.
    public var color: RGBColor?

    public init(_ title: String, bars: [Bar], color: RGBColor? = nil) {
      self.title = title
      self.bars = bars
      self.color = color
    }

    /// - Throws: ``FigureError/invalid(_:)`` unless there are as many labels as values, and as many intervals if any.
    public init(
      _ title: String, labels: [String], values: [Double], intervals: [Interval] = [], color: RGBColor? = nil
    ) throws(FigureError) {
      guard labels.count == values.count, intervals.isEmpty || intervals.count == values.count else {
        throw .invalid("panel \"\(title)\": \(labels.count) labels, \(values.count) values, \(intervals.count) intervals")
      }
      let bars = values.indices.map { Bar(labels[$0], values[$0], interval: intervals.isEmpty ? nil : intervals[$0]) }
      self.init(title, bars: bars, color: color)
    }
  }

  public var title: String
  public var panels: [Panel]
  /// What the values are, with their unit: the name of the axis. Default: none.
  public var valueName: String
  /// Whether all panels have the same axis. Default: each has its own.
  public var sharesAxis: Bool
  /// Panels side by side. Default: 1 for one panel, 2 up to four, 3 up to nine, else 4.
  public var columns: Int?
  /// Small print at the bottom. Default: none.
  public var caption: String

  public init(
    _ title: String, panels: [Panel], valueName: String = "", sharesAxis: Bool = false, columns: Int? = nil, caption: String = ""
  ) {
    self.title = title
    self.panels = panels
    self.valueName = valueName
    self.sharesAxis = sharesAxis
    self.columns = columns
    self.caption = caption
  }

  /// One row per bar. `position` counts from 1 within the panel.
  public var table: (header: [String], rows: [[String]]) {
    var rows: [[String]] = []
    for panel in panels {
      for (index, bar) in panel.bars.enumerated() {
        rows.append([
          panel.title, "\(index + 1)", bar.label, NumberText.full(bar.value), NumberText.full(bar.interval?.lower ?? .nan),
          NumberText.full(bar.interval?.upper ?? .nan),
        ])
      }
    }
    return (header: ["panel", "position", "label", "value", "lower", "upper"], rows: rows)
  }
}

extension BarChart.Panel {
  /// The axis that shows 0, every finite value and every finite interval.
  var extent: (low: Double, high: Double) {
    var low = 0.0
    var high = 0.0
    for bar in bars {
      for value in [bar.value, bar.interval?.lower ?? 0, bar.interval?.upper ?? 0] where value.isFinite {
        low = min(low, value)
        high = max(high, value)
      }
    }
    return (low: low, high: high)
  }
}
