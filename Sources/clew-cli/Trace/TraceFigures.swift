import Clew
import Foundation

/// The pictures of a trace, and the numbers beside them.
struct TraceFigures {
  let trace: ChannelTrace
  let input: TraceInput
  let coloring: Coloring

  /// How the picture of the eigenvectors is coloured.
  struct Coloring {
    var rule = ColoringRule.spectral
    var seed: UInt64 = 0
  }

  /// Writes all of them; what was written, in words, one line each, and warnings.
  func write(to folder: OutputFolder) throws -> WrittenFiles {
    try channelTable().write(to: folder.file("channel-scores.csv"))
    try assignmentTable().write(to: folder.file("assignment.csv"))
    try folder.write(bars, "top-channels")
    var written = WrittenFiles(lines: ["top channels of each segment: \(folder.file("top-channels.png"))"])
    let colors = try EigenvectorColors(trace.partition, rule: coloring.rule, seed: coloring.seed)
    written.warnings = colors.warnings.map { "--colors: \($0)" }
    try colorTable(colors, trace.grid).write(to: folder.file("colors.csv"))
    for (index, grid) in shared.grids.enumerated() {
      let suffix = shared.grids.count > 1 ? "-\(index)" : ""
      try folder.write(segmentation(grid), "segmentation" + suffix)
      try folder.write(colorPicture(colors, grid), "eigenvector-colors" + suffix)
      try folder.write(maps(grid), "channel-maps" + suffix)
      written.lines.append("segmentation: \(folder.file("segmentation\(suffix).png"))")
      written.lines.append("eigenvectors as colours: \(folder.file("eigenvector-colors\(suffix).png"))")
      written.lines.append("top channels as maps: \(folder.file("channel-maps\(suffix).png"))")
    }
    return written
  }

  private var shared: ChannelFigures { ChannelFigures(aggregation: trace.configuration.aggregation, features: input.features) }

  private func labels(_ grid: ChannelFigures.Grid) -> LabelMap {
    LabelMap(Array(trace.assignment[grid.nodes]), height: grid.height, width: grid.width)
  }

  private func topChannels(_ segment: ChannelTrace.Segment) -> [ChannelScores] {
    segment.nodes.isEmpty ? [] : segment.ranking.prefix(shared.depth).map { segment.channels[$0] }
  }

  private var bars: BarChart {
    let panels = trace.segments.filter { !$0.nodes.isEmpty }.map { segment in
      BarChart.Panel(
        "segment \(segment.id) (\(NumberText.grouped(segment.size)) \(shared.grids.isEmpty ? "nodes" : "px"))",
        bars: segment.ranking.prefix(2 * shared.depth).map { shared.bar(segment.channels[$0]) },
        color: Palette.color(segment.id))
    }
    return BarChart("Top channels of each segment", panels: panels, valueName: shared.valueName)
  }

  /// The picture, or what stands in for one.
  private func sources(_ grid: ChannelFigures.Grid) -> [ImagePanel] {
    var panels: [ImagePanel] = []
    if let picture = input.picture {
      let size = input.pictureSize.map { ChannelFigures.size($0.height, $0.width) }
      panels.append(ImagePanel("picture", subtitle: size ?? "", .picture(picture)))
    }
    if let phantom = input.phantom {
      panels.append(ImagePanel("planted regions", .labels(plantedRegions(phantom, grid))))
    }
    return panels.isEmpty ? [featurePanel(grid)] : panels
  }

  private func segmentation(_ grid: ChannelFigures.Grid) -> PanelGrid {
    let panels =
      sources(grid) + [
        ImagePanel("segments", subtitle: ChannelFigures.size(grid.height, grid.width), .labels(labels(grid)))
      ]
    return PanelGrid("Segments", panels: panels, columns: panels.count)
  }

  private func colorPicture(_ colors: EigenvectorColors, _ grid: ChannelFigures.Grid) -> PanelGrid {
    let picture = colors.picture(height: grid.height, width: grid.width, first: grid.first)
    let way = colors.rule == .spectral ? "principal axes" : "t-SNE"
    let panels =
      sources(grid) + [
        ImagePanel("eigenvectors by \(way)", subtitle: ChannelFigures.size(grid.height, grid.width), .picture(picture))
      ]
    return PanelGrid(
      "Eigenvectors as colours", panels: panels, columns: panels.count,
      caption: "Like colours: close in the space of the \(trace.cut.segmentCount) eigenvectors.")
  }

  /// The true regions in the colours of the segments that cover most of them.
  private func plantedRegions(_ phantom: TissuePhantom, _ grid: ChannelFigures.Grid) -> LabelMap {
    let segment = Dictionary(
      PlantedChannels(trace, phantom).regions.map { ($0.region, $0.segment) }, uniquingKeysWith: { first, _ in first })
    return LabelMap(
      phantom.regions.map { segment[$0] ?? -1 }, height: grid.height, width: grid.width, showsLegend: false)
  }

  /// Without a picture, the first channel of the largest segment stands in for one.
  private func featurePanel(_ grid: ChannelFigures.Grid) -> ImagePanel {
    let channel = trace.segments.max { $0.size < $1.size }?.ranking.first ?? 0
    return ImagePanel(
      "features", subtitle: ChannelFigures.unbroken(trace.channelNames[channel]),
      .heat(HeatMap(shared.map(of: channel, grid), span: .trimmed(share: 0.01))))
  }

  private func maps(_ grid: ChannelFigures.Grid) -> PanelGrid {
    let labels = labels(grid)
    let rows = trace.segments.filter { !$0.nodes.isEmpty }.map { segment in
      PanelGrid.Row(
        "segment \(segment.id) (\(NumberText.grouped(segment.size)) px)", color: Palette.color(segment.id),
        panels: shared.maps(topChannels(segment), grid, outline: RegionMask(of: segment.id, in: labels)))
    }
    return PanelGrid(
      "Top channels of each segment", rows: rows,
      caption: "Outline: the segment. g: gradient of the segment's objective with respect to the channel.")
  }

  private func channelTable() -> CSVWriter {
    var table = CSVWriter(header: ["segment"] + ChannelFigures.channelHeader)
    for segment in trace.segments {
      for (rank, index) in segment.ranking.enumerated() {
        table.append([.integer(segment.id)] + ChannelFigures.cells(rank, segment.channels[index]))
      }
    }
    return table
  }

  private func assignmentTable() -> CSVWriter {
    var table = CSVWriter(header: ChannelFigures.axes(trace.grid) + ["segment"])
    for (node, segment) in trace.assignment.enumerated() {
      table.append(ChannelFigures.place(node, in: trace.grid) + [.integer(segment)])
    }
    return table
  }
}

/// Red, green and blue of every node, from 0 to 1.
func colorTable(_ colors: EigenvectorColors, _ grid: Shape) -> CSVWriter {
  var table = CSVWriter(header: ChannelFigures.axes(grid) + ["red", "green", "blue"])
  let values = colors.values.doubles
  for node in 0..<values.count / 3 {
    table.append(ChannelFigures.place(node, in: grid) + (0..<3).map { .number(values[3 * node + $0]) })
  }
  return table
}

/// What a command has written to its folder.
struct WrittenFiles {
  /// In words, one line each.
  var lines: [String] = []
  var warnings: [String] = []
}
