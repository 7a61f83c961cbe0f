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
        "segment \(segment.id) (\(segment.size) nodes)",
        bars: segment.ranking.prefix(2 * depth).map { BarChart.Bar(trace.channelNames[$0], segment.channels[$0][aggregation]) },
        color: Palette.color(segment.id))
    }
    return BarChart("Top channels of each segment", panels: panels, valueName: aggregation.rawValue)
  }

  private func segmentation(_ grid: Grid) -> PanelGrid {
    var panels: [ImagePanel] = []
    if let picture = input.picture { panels.append(ImagePanel("picture", .picture(picture))) }
    if let phantom = input.phantom {
      panels.append(ImagePanel("planted regions", .labels(plantedRegions(phantom, grid))))
    }
    if panels.isEmpty { panels.append(featurePanel(grid)) }
    panels.append(ImagePanel("segments", .labels(grid.labels)))
    return PanelGrid("Segments", panels: panels, columns: panels.count)
  }

  /// The true regions in the colours of the segments that cover most of them.
  private func plantedRegions(_ phantom: TissuePhantom, _ grid: Grid) -> LabelMap {
    let segment = Dictionary(
      PlantedChannels(trace, phantom).regions.map { ($0.region, $0.segment) }, uniquingKeysWith: { first, _ in first })
    return LabelMap(
      phantom.regions.map { segment[$0] ?? -1 }, height: grid.height, width: grid.width, showsLegend: false)
  }

  /// Without a picture, the channel that varies most between segments stands in for one.
  private func featurePanel(_ grid: Grid) -> ImagePanel {
    let channel = trace.segments.max { $0.size < $1.size }?.ranking.first ?? 0
    return ImagePanel("features", subtitle: trace.channelNames[channel], .heat(HeatMap(map(of: channel, grid), span: .trimmed(share: 0.01))))
  }

  private func maps(_ grid: Grid) -> PanelGrid {
    let rows = trace.segments.filter { !$0.nodes.isEmpty }.map { segment in
      PanelGrid.Row(
        "segment \(segment.id)", color: Palette.color(segment.id),
        panels: topChannels(segment).enumerated().map { rank, channel in
          ImagePanel(
            "#\(rank + 1) \(channel.name)", subtitle: "\(aggregation.rawValue) " + String(format: "%+.3g", channel[aggregation]),
            .heat(HeatMap(map(of: channel.index, grid), span: .trimmed(share: 0.01))),
            outline: RegionMask(of: segment.id, in: grid.labels))
        })
    }
    return PanelGrid("Top channels of each segment", rows: rows, caption: "outline: the segment")
  }

  private func map(of channel: Int, _ grid: Grid) -> NDArray {
    let (channels, count) = (trace.channelNames.count, grid.height * grid.width)
    let flat = input.features.reshaped(to: [input.features.count / channels, channels])
    return flat.sliced(axis: 0, start: grid.first, count: count).sliced(axis: 1, start: channel, count: 1)
      .converted(to: .float32).reshaped(to: [grid.height, grid.width])
  }

  private func channelTable() -> CSVWriter {
    var table = CSVWriter(header: ["segment", "rank", "index", "channel", "standardError"] + ChannelAggregation.allCases.map(\.rawValue))
    for segment in trace.segments {
      for (rank, index) in segment.ranking.enumerated() {
        let scores = segment.channels[index]
        table.append(
          [.integer(segment.id), .integer(rank + 1), .integer(index), .text(scores.name),
            scores.standardError.map { .number($0) } ?? .text("")]
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
