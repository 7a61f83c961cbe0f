import Clew

extension TraceCommand {
  /// `nil` where none are given.
  func prompts(_ shape: Shape) throws -> CutPrompts? {
    points.isEmpty ? nil : try points.prompts(in: Shape(Array(shape.dropLast())), of: inputName)
  }

  /// The foreground that belongs to prompts, instead of segments.
  func runPrompted(
    _ source: TraceInput, _ prompts: CutPrompts, _ configuration: ChannelTrace.Configuration, _ folder: OutputFolder?,
    _ checkpoint: TraceCheckpoint?
  ) throws {
    let progress = ProgressLine(quiet: common.quiet)
    let stages = PromptTrace.Stage.allCases
    let trace: PromptTrace
    do throws(SpectralError) {
      trace = try PromptTrace(
        source.features, prompts: prompts, threshold: points.threshold, channelNames: source.channelNames,
        configuration: configuration, checkpoint: checkpoint?.passes,
        onStage: { progress.show((stages.firstIndex(of: $0) ?? 0) + 1, of: stages.count, $0.rawValue) },
        onPass: passes(on: progress, checkpoint))
    } catch { throw failure(error) }
    let document = try jsonDocument(
      PromptReport(trace, provenance: try Provenance(common, inputs: source.files)))
    common.warn(trace.warnings)
    try finish(document, PromptTable(trace: trace).text, folder, checkpoint) {
      try PromptFigures(trace: trace, input: source).write(to: $0)
    }
  }
}
