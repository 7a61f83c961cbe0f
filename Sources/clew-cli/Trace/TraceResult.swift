import Clew

/// One trace, or one for each picture.
struct TraceResult {
  let traces: [ChannelTrace]
  let isSeparate: Bool
  /// Of `--assign`.
  var placed: PlacedFeatures?

  var warnings: [String] {
    if !isSeparate { return traces.flatMap(\.warnings) + (placed?.warnings ?? []) }
    return traces.enumerated().flatMap { index, trace in trace.warnings.map { "picture \(index): \($0)" } }
  }

  func document(of source: TraceInput, provenance: Provenance) -> TraceDocument {
    if isSeparate {
      return .separate(SeparateTraceReport(traces, shape: source.features.shape, warnings: warnings, provenance: provenance))
    }
    return .whole(TraceReport(traces[0], planted: planted(source), placed: placed, provenance: provenance))
  }

  func table(of source: TraceInput) -> String {
    if !isSeparate { return TraceTable(trace: traces[0], planted: planted(source), placed: placed).text }
    return traces.enumerated().map { index, trace in
      "picture \(index)\n" + TraceTable(trace: trace, planted: nil).text
    }.joined(separator: "\n")
  }

  /// Tables and figures; of separate pictures in a folder for each.
  func write(_ source: TraceInput, _ coloring: TraceFigures.Coloring, to folder: OutputFolder) throws -> WrittenFiles {
    if !isSeparate { return try TraceFigures(trace: traces[0], input: source, coloring: coloring).write(to: folder) }
    var written = WrittenFiles()
    for (index, trace) in traces.enumerated() {
      var picture = source
      picture.features = source.features.picture(index)
      let own = try TraceFigures(trace: trace, input: picture, coloring: coloring)
        .write(to: OutputFolder(folder.file("picture-\(index)")))
      written.lines += own.lines
      written.warnings += own.warnings.map { "picture \(index): \($0)" }
    }
    return written
  }

  private func planted(_ source: TraceInput) -> PlantedChannels? { source.phantom.map { PlantedChannels(traces[0], $0) } }
}

extension NDArray {
  /// [H, W, D] of [B, H, W, D]
  fileprivate func picture(_ index: Int) -> NDArray {
    sliced(axis: 0, start: index, count: 1).reshaped(to: Shape(Array(shape.dropFirst())))
  }
}
