import Clew
import Foundation

/// The pictures of a trace, and the numbers beside them.
struct TraceFigures {
  let trace: ChannelTrace
  let input: TraceInput
  /// Channels drawn for each segment.
  var depth = 5

  /// Writes all of them; what was written, in words, one line each.
  func write(to folder: OutputFolder) throws -> [String] {
    try channelTable().write(to: folder.file("channel-scores.csv"))
    try assignmentTable().write(to: folder.file("assignment.csv"))
    try folder.write(bars, "top-channels")
    var written = ["top channels of each segment: \(folder.file("top-channels.png"))"]
    for (index, grid) in grids.enumerated() {
      let suffix = grids.count > 1 ? "-\(index)" : ""
      try folder.write(segmentation(grid), "segmentation" + suffix)
      try folder.write(maps(grid), "channel-maps" + suffix)
      written.append("segmentation: \(folder.file("segmentation\(suffix).png"))")
      written.append("top channels as maps: \(folder.file("channel-maps\(suffix).png"))")
    }
    return written
  }

  /// One picture of the batch.
  private struct Grid {
    let first: Int
    let height: Int
    let width: Int
    let labels: LabelMap
  }

  private var grids: [Grid] {
    let extents = trace.grid
    guard extents.rank >= 2 else { return [] }
    let (height, width) = (extents[extents.rank - 2], extents[extents.rank - 1])
    return (0..<(extents.rank == 3 ? extents[0] : 1)).map { picture in
      let first = picture * height * width
      return Grid(
        first: first, height: height, width: width,
        labels: LabelMap(Array(trace.assignment[first..<first + height * width]), height: height, width: width))
    }
  }

  private func topChannels(_ segment: ChannelTrace.Segment) -> [ChannelScores] {
    segment.nodes.isEmpty ? [] : segment.ranking.prefix(depth).map { segment.channels[$0] }
  }

  private var aggregation: ChannelAggregation { trace.configuration.aggregation }

  private var bars: BarChart {
    let panels = trace.segments.filter { !$0.nodes.isEmpty }.map { segment in
      BarChart.Panel(
        "segment \(segment.id) (\(NumberText.grouped(segment.size)) \(grids.isEmpty ? "nodes" : "px"))",
        bars: segment.ranking.prefix(2 * depth).map { bar(segment.channels[$0]) },
        color: Palette.color(segment.id))
    }
    return BarChart(
      "Top channels of each segment", panels: panels,
      valueName: "\(symbol), \(unit)")
  }

  /// With the standard error where there is one: of the signed mean.
  private func bar(_ channel: ChannelScores) -> BarChart.Bar {
    let value = channel[aggregation]
    let interval = channel.standardError.flatMap { error in
      aggregation == .meanSigned ? BarChart.Interval(value - error, value + error) : nil
    }
    return BarChart.Bar(Self.unbroken(channel.name), value, interval: interval)
  }

  /// What is drawn, as in the table of the terminal; g is the gradient of the segment's objective.
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
  private static func unbroken(_ name: String) -> String {
    name.replacingOccurrences(of: " = ", with: "\u{a0}=\u{a0}").replacingOccurrences(of: " px", with: "\u{a0}px")
  }

  /// Height before width would read wrongly to anyone but a programmer.
  private static func size(_ height: Int, _ width: Int) -> String { "\(width) × \(height) px" }

  private func segmentation(_ grid: Grid) -> PanelGrid {
    var panels: [ImagePanel] = []
    if let picture = input.picture {
      let size = input.pictureSize.map { Self.size($0.height, $0.width) }
      panels.append(ImagePanel("picture", subtitle: size ?? "", .picture(picture)))
    }
    if let phantom = input.phantom {
      panels.append(ImagePanel("planted regions", .labels(plantedRegions(phantom, grid))))
    }
    if panels.isEmpty { panels.append(featurePanel(grid)) }
    panels.append(ImagePanel("segments", subtitle: Self.size(grid.height, grid.width), .labels(grid.labels)))
    return PanelGrid("Segments", panels: panels, columns: panels.count)
  }

  /// The true regions in the colours of the segments that cover most of them.
  private func plantedRegions(_ phantom: TissuePhantom, _ grid: Grid) -> LabelMap {
    let segment = Dictionary(
      PlantedChannels(trace, phantom).regions.map { ($0.region, $0.segment) }, uniquingKeysWith: { first, _ in first })
    return LabelMap(
      phantom.regions.map { segment[$0] ?? -1 }, height: grid.height, width: grid.width, showsLegend: false)
  }

  /// Without a picture, the first channel of the largest segment stands in for one.
  private func featurePanel(_ grid: Grid) -> ImagePanel {
    let channel = trace.segments.max { $0.size < $1.size }?.ranking.first ?? 0
    return ImagePanel(
      "features", subtitle: Self.unbroken(trace.channelNames[channel]),
      .heat(HeatMap(map(of: channel, grid), span: .trimmed(share: 0.01))))
  }

  private func maps(_ grid: Grid) -> PanelGrid {
    let rows = trace.segments.filter { !$0.nodes.isEmpty }.map { segment in
      PanelGrid.Row(
        "segment \(segment.id) (\(NumberText.grouped(segment.size)) px)", color: Palette.color(segment.id),
        panels: topChannels(segment).enumerated().map { rank, channel in
          ImagePanel(
            "#\(rank + 1) \(Self.unbroken(channel.name))", subtitle: score(channel),
            .heat(HeatMap(map(of: channel.index, grid), span: .trimmed(share: 0.01))),
            outline: RegionMask(of: segment.id, in: grid.labels))
        })
    }
    return PanelGrid(
      "Top channels of each segment", rows: rows,
      caption: "Outline: the segment. g: gradient of the segment's objective with respect to the channel.")
  }

  private func map(of channel: Int, _ grid: Grid) -> NDArray {
    let (channels, count) = (trace.channelNames.count, grid.height * grid.width)
    let flat = input.features.reshaped(to: [input.features.count / channels, channels])
    return flat.sliced(axis: 0, start: grid.first, count: count).sliced(axis: 1, start: channel, count: 1)
      .converted(to: .float32).reshaped(to: [grid.height, grid.width])
  }

  private func channelTable() -> CSVWriter {
    var table = CSVWriter(
      header: ["segment", "rank", "index", "channel", "standardError"] + ChannelAggregation.allCases.map(\.rawValue))
    for segment in trace.segments {
      for (rank, index) in segment.ranking.enumerated() {
        let scores = segment.channels[index]
        table.append(
          [
            .integer(segment.id), .integer(rank + 1), .integer(index), .text(scores.name),
            scores.standardError.map { .number($0) } ?? .text(""),
          ]
            + ChannelAggregation.allCases.map { .number(scores[$0]) })
      }
    }
    return table
  }

  private func assignmentTable() -> CSVWriter {
    let axes = trace.grid.rank == 1 ? ["node"] : ["picture", "row", "column"].suffix(trace.grid.rank)
    var table = CSVWriter(header: axes + ["segment"])
    let strides = trace.grid.strides
    for (node, segment) in trace.assignment.enumerated() {
      table.append(zip(strides, trace.grid).map { .integer(node / $0 % $1) } + [.integer(segment)])
    }
    return table
  }
}
