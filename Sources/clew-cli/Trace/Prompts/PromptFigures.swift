import Clew
import Foundation

/// The pictures of a prompted trace, and the numbers beside them.
struct PromptFigures {
  let trace: PromptTrace
  let input: TraceInput

  /// Writes all of them; what was written, in words, one line each.
  func write(to folder: OutputFolder) throws -> WrittenFiles {
    try channelTable().write(to: folder.file("channel-scores.csv"))
    try scoreTable().write(to: folder.file("foreground-scores.csv"))
    var written = WrittenFiles()
    if trace.foreground.size > 0 {
      try folder.write(bars, "top-channels")
      written.lines.append("top channels of the foreground: \(folder.file("top-channels.png"))")
    }
    // Without a picture, the eigenvectors show where things are.
    let colors = input.picture == nil && !shared.grids.isEmpty ? try EigenvectorColors(eigenvectors: trace.cut.eigenvectors) : nil
    for (index, grid) in shared.grids.enumerated() {
      let suffix = shared.grids.count > 1 ? "-\(index)" : ""
      try folder.write(foreground(grid, colors), "foreground" + suffix)
      written.lines.append("foreground: \(folder.file("foreground\(suffix).png"))")
      if trace.foreground.size > 0 {
        try folder.write(maps(grid), "channel-maps" + suffix)
        written.lines.append("top channels as maps: \(folder.file("channel-maps\(suffix).png"))")
      }
    }
    return written
  }

  private var shared: ChannelFigures { ChannelFigures(aggregation: trace.configuration.aggregation, features: input.features) }
  private var region: PromptTrace.Region { trace.foreground }

  private var bars: BarChart {
    BarChart(
      "Top channels of the foreground",
      panels: [
        BarChart.Panel(
          "foreground (\(NumberText.grouped(region.size)) \(shared.grids.isEmpty ? "nodes" : "px"))",
          bars: region.ranking.prefix(2 * shared.depth).map { shared.bar(region.channels[$0]) }, color: Palette.color(0))
      ], valueName: shared.valueName)
  }

  private func labels(_ grid: ChannelFigures.Grid) -> LabelMap {
    let mask = trace.mask
    return LabelMap(
      grid.nodes.map { mask[$0] ? 0 : -1 }, height: grid.height, width: grid.width,
      names: [0: "foreground", -1: "background"])
  }

  private func foreground(_ grid: ChannelFigures.Grid, _ colors: EigenvectorColors?) -> PanelGrid {
    let labels = labels(grid)
    let scores = NDArray(Array(trace.scores[grid.nodes]), shape: [grid.height, grid.width])
    let source = input.picture ?? colors?.picture(height: grid.height, width: grid.width, first: grid.first)
    var panels: [ImagePanel] = []
    if let source {
      panels.append(
        ImagePanel(
          input.picture == nil ? "eigenvectors as colours" : "picture",
          .picture(MarkedPicture(source).marked(marks(grid)))))
    }
    panels.append(
      ImagePanel(
        "score", subtitle: "foreground above \(NumberText.short(trace.prompted.threshold))",
        .heat(HeatMap(scores, colormap: .diverging, span: .fixed(low: -1, high: 1)))))
    panels.append(
      ImagePanel("foreground", subtitle: ChannelFigures.size(grid.height, grid.width), .labels(labels)))
    return PanelGrid(
      "Foreground of the prompts", panels: panels, columns: panels.count,
      caption: "Discs: foreground prompts; squares: background prompts.")
  }

  private func marks(_ grid: ChannelFigures.Grid) -> [MarkedPicture.Mark] {
    func marks(_ nodes: [Int], _ shape: MarkedPicture.Mark.Shape) -> [MarkedPicture.Mark] {
      nodes.filter(grid.nodes.contains).map { node in
        let (row, column) = ((node - grid.first) / grid.width, (node - grid.first) % grid.width)
        return MarkedPicture.Mark(
          row: (Double(row) + 0.5) / Double(grid.height), column: (Double(column) + 0.5) / Double(grid.width), shape: shape)
      }
    }
    let prompts = trace.prompted.prompts
    return marks(prompts.foreground, .disc) + marks(prompts.background, .square)
  }

  private func maps(_ grid: ChannelFigures.Grid) -> PanelGrid {
    let top = region.ranking.prefix(shared.depth).map { region.channels[$0] }
    return PanelGrid(
      "Top channels of the foreground",
      rows: [
        PanelGrid.Row(
          "foreground (\(NumberText.grouped(region.size)) px)", color: Palette.color(0),
          panels: shared.maps(top, grid, outline: RegionMask(of: 0, in: labels(grid))))
      ],
      caption: "Outline: the foreground. g: gradient of its mean score with respect to the channel.")
  }

  private func channelTable() -> CSVWriter {
    var table = CSVWriter(header: ChannelFigures.channelHeader)
    for (rank, index) in region.ranking.enumerated() { table.append(ChannelFigures.cells(rank, region.channels[index])) }
    return table
  }

  private func scoreTable() -> CSVWriter {
    var table = CSVWriter(header: ChannelFigures.axes(trace.grid) + ["score", "foreground"])
    for (node, (score, isInside)) in zip(trace.scores, trace.mask).enumerated() {
      table.append(ChannelFigures.place(node, in: trace.grid) + [.number(score), .integer(isInside ? 1 : 0)])
    }
    return table
  }
}
