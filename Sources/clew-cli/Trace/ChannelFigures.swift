import Clew
import Foundation

/// What the figures of segments and of prompts have in common.
struct ChannelFigures {
  let aggregation: ChannelAggregation
  /// [N, D], [H, W, D] or [B, H, W, D].
  let features: NDArray
  /// Channels drawn for each region.
  var depth = 5

  /// One picture of the batch.
  struct Grid {
    /// Of its nodes.
    let first: Int
    let height: Int
    let width: Int
    var nodes: Range<Int> { first..<first + height * width }
  }

  /// The pictures of features of such a shape; none of a list of nodes.
  var grids: [Grid] {
    let extents = features.shape
    guard extents.rank >= 3 else { return [] }
    let (height, width) = (extents[extents.rank - 3], extents[extents.rank - 2])
    return (0..<(extents.rank == 4 ? extents[0] : 1)).map { Grid(first: $0 * height * width, height: height, width: width) }
  }

  /// A channel of one picture, [H, W].
  func map(of channel: Int, _ grid: Grid) -> NDArray {
    let channels = features.shape[features.rank - 1]
    let flat = features.reshaped(to: [features.count / channels, channels])
    return flat.sliced(axis: 0, start: grid.first, count: grid.height * grid.width).sliced(axis: 1, start: channel, count: 1)
      .converted(to: .float32).reshaped(to: [grid.height, grid.width])
  }

  /// Channels of one picture with a region drawn around.
  func maps(_ channels: [ChannelScores], _ grid: Grid, outline: RegionMask) -> [ImagePanel] {
    channels.enumerated().map { rank, channel in
      ImagePanel(
        "#\(rank + 1) \(Self.unbroken(channel.name))", subtitle: score(channel),
        .heat(HeatMap(map(of: channel.index, grid), span: .trimmed(share: 0.01))), outline: outline)
    }
  }

  /// With the standard error where there is one: of the signed mean.
  func bar(_ channel: ChannelScores) -> BarChart.Bar {
    let value = channel[aggregation]
    let interval = channel.standardError.flatMap { error in
      aggregation == .meanSigned ? BarChart.Interval(value - error, value + error) : nil
    }
    return BarChart.Bar(Self.unbroken(channel.name), value, interval: interval)
  }

  /// What the bars show.
  var valueName: String { "\(symbol), \(unit)" }

  /// What is drawn, as in the table of the terminal; g is the gradient of the objective.
  private var symbol: String {
    switch aggregation {
    case .distinctiveness: "distinctiveness"
    case .meanSigned: "mean g"
    case .meanAbsolute: "mean |g|"
    case .rootMeanSquare: "rms g"
    case .gradientTimesInput: "mean g × input"
    case .gradientTimesContrast: "g × contrast"
    }
  }

  private var unit: String {
    switch aggregation {
    case .distinctiveness: "objective per squared unit of the channel"
    case .meanSigned, .meanAbsolute, .rootMeanSquare: "objective per unit of the channel"
    case .gradientTimesInput, .gradientTimesContrast: "in units of the objective"
    }
  }

  private func score(_ channel: ChannelScores) -> String {
    let error = aggregation == .meanSigned ? channel.standardError.map { " ± " + NumberText.short($0) } : nil
    return "\(symbol) \(NumberText.short(channel[aggregation]))" + (error ?? "")
  }

  /// No line break between a number and its unit, or around an equals sign.
  static func unbroken(_ name: String) -> String {
    name.replacingOccurrences(of: " = ", with: "\u{a0}=\u{a0}").replacingOccurrences(of: " px", with: "\u{a0}px")
  }

  /// Height before width would read wrongly to anyone but a programmer.
  static func size(_ height: Int, _ width: Int) -> String { "\(width) × \(height) px" }

  /// Cells of a table that say which node of the grid this is, and their header.
  static func axes(_ grid: Shape) -> [String] { grid.rank == 1 ? ["node"] : ["picture", "row", "column"].suffix(grid.rank) }
  static func place(_ node: Int, in grid: Shape) -> [CSVWriter.Cell] {
    zip(grid.strides, grid).map { .integer(node / $0 % $1) }
  }

  /// The cells of a channel in a table, behind those that say whose it is and its rank.
  static let channelHeader = ["rank", "index", "channel", "standardError"] + ChannelAggregation.allCases.map(\.rawValue)
  static func cells(_ rank: Int, _ scores: ChannelScores) -> [CSVWriter.Cell] {
    [
      .integer(rank + 1), .integer(scores.index), .text(scores.name),
      scores.standardError.map { .number($0) } ?? .text(""),
    ] + ChannelAggregation.allCases.map { .number(scores[$0]) }
  }
}
