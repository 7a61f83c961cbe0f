import ArgumentParser
import Clew
import Foundation

struct ChannelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "channels",
    abstract: "Ask which input channels a trained network uses, and which it ignores.",
    discussion: """
      For each channel the norm of the weights that read it, and how far the embedding of a cell turns when the channel is
      taken away (1 − cos), with intervals over cells; and how many dimensions the embeddings use. Where the network's
      structure allows, all channels are ablated in one pass, with the same result.

      Examples:
        clew channels --model wide --checkpoint run --data cells.h5 --markers used_markers.txt --cells val.txt --patch-size 32
        clew channels --model wide --checkpoint cim --compare-with resnet --data cells.h5 --patch-size 32 \\
          --baseline zero,channelMean --count 512 --output out

      --as-in-seed computes as the published notebook does, with its defects, so that its numbers can be reproduced: all
      channels of the file under the names of the list in the list's order, padding on the wrong side, 1 − cos in the
      network's precision, a pass for each channel, the effective rank of variances under the name of Roy & Vetterli, one
      dimension too few for 90 %, no intervals.
      """)

  @OptionGroup var network: NetworkOptions
  @OptionGroup var cells: CellOptions

  @Option(
    help: ArgumentHelp(
      "What takes the place of a channel: zero, channelMean, permuted, resampled, a number, or several separated by commas.",
      valueName: "list"))
  var baseline = "zero"

  @Option(
    help: ArgumentHelp(
      "Groups of markers that are also taken away at once: one group a line, its markers separated by commas.", valueName: "file")
  )
  var groups: String?

  @Option(help: ArgumentHelp("A second run to compare with.", valueName: "run"))
  var compareWith: String?

  @Option(help: ArgumentHelp("The second run's model (default: recognised).", valueName: "M"))
  var compareModel: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Draws of cells for intervals; 0 for none (default: 1000; 0 with --as-in-seed).", valueName: "B"))
  var bootstrap: Int?

  @Option(
    help: ArgumentHelp(
      "Whether the network's structure is used (auto) or every channel gets a pass of its own (off). Default: auto; off with "
        + "--as-in-seed.",
      valueName: "auto|off"))
  var exactShortcuts: ShortcutChoice?

  @Flag(help: "Compute as the published notebook does, with its defects.")
  var asInSeed = false

  @Option(
    help: ArgumentHelp(
      "Embeddings for the effective rank, file:key (default: features of the run's val_results.npz, else those computed).",
      valueName: "file"))
  var embeddings: String?

  @Option(help: ArgumentHelp("Write result.json, tables and figures (PNG and PDF) to this folder.", valueName: "folder"))
  var output: String?

  @Flag(help: "Go on where a run with the same --output was interrupted.")
  var resume = false

  @Option(help: ArgumentHelp("What figures call the model (default: --model).", valueName: "name"))
  var modelName: String?

  @OptionGroup var common: CommonOptions

  func run() throws {
    try common.apply()
    let draws = bootstrap ?? (asInSeed ? 0 : 1000)
    if !(draws == 0 || 2...100_000 ~= draws) {
      throw CommandError.unusable("--bootstrap: found \(draws), expected 0 or from 2 to 100000")
    }
    if asInSeed && exactShortcuts == .auto {
      throw CommandError.unusable(
        "--exact-shortcuts: found auto, expected off or nothing: --as-in-seed runs every channel by itself")
    }
    if resume && output == nil {
      throw CommandError.unusable("--resume: found no --output, expected that of the interrupted run")
    }
    let baselines = try baseline.split(separator: ",").map {
      try ChannelBaseline(argument: $0.trimmingCharacters(in: .whitespaces))
    }
    if baselines.isEmpty { throw CommandError.unusable("--baseline: found none, expected at least one") }
    let folder = try output.map { try OutputFolder($0) }
    var models = [try ChannelsModel(network, embeddings: embeddings, name: modelName, common)]
    if let compareWith {
      models.append(try ChannelsModel(comparing: compareWith, model: compareModel, with: network, common))
    }
    let selection = try cells.load(common, asInSeed: asInSeed)
    for model in models { try model.check(selection) }
    let groups = try groups.map { try selection.groups($0) } ?? []
    let files = selection.files + [self.groups].compactMap { $0 } + models.flatMap(\.files)
    let configuration = ChannelImportance.Configuration(
      baselines: baselines, usesShortcuts: exactShortcuts != .off, draws: draws, seed: common.seed,
      strata: selection.strata, asInSeed: asInSeed, groups: groups)
    let provenance = try Provenance(common, inputs: files)
    let resumption = try folder.map { try Resumption($0, isResumed: resume, fingerprint: fingerprint(selection, provenance)) }
    var results: [ChannelsResult] = []
    for (index, model) in models.enumerated() {
      let progress = ProgressLine(quiet: common.quiet)
      let pieces = try resumption?.pieces(of: index)
      let importance = try ChannelImportance(model.network, selection.source, configuration, resuming: pieces?.found ?? []) {
        (done, count, found) throws(FormatError) in
        progress.show(done + 1, of: count, "\(model.name): cells")
        try pieces?.save(done, count, found)
      }
      results.append(try ChannelsResult(model, importance, asInSeed: asInSeed))
    }
    try finish(results, selection, provenance, folder)
    resumption?.remove()
  }

  private func finish(
    _ results: [ChannelsResult], _ selection: CellOptions.Selection, _ provenance: Provenance, _ folder: OutputFolder?
  ) throws {
    var warnings = selection.warnings + results.flatMap(\.warnings)
    let hasIntervals = results[0].importance.ablations[0].bootstrap != nil
    if asInSeed { warnings.append(Self.seedWarning) }
    if !hasIntervals {
      warnings.append("intervals are null: \(bootstrap == nil ? "the notebook has none" : "--bootstrap 0 asked for none")")
    }
    if selection.cells.count == 1 && hasIntervals { warnings.append("one cell alone: intervals have no width") }
    let report = ChannelsReport(results, selection, patchSize: cells.patchSize, warnings: warnings, provenance: provenance)
    let document = try jsonDocument(report)
    common.warn(warnings)
    var written: [String] = []
    if let folder {
      written = try ChannelsFigures(results: results, markers: selection.markers).write(to: folder)
      try folder.write(document, "result.json")
    }
    if common.json {
      try standardOutput(document)
    } else {
      try standardOutput(ChannelsTable(results: results, markers: selection.markers, cells: selection.cells.count).text)
      if !written.isEmpty { try standardOutput("\n" + written.joined(separator: "\n") + "\n") }
    }
  }

  private static let seedWarning =
    "--as-in-seed: markers are named in the order of the list, 1 − cos cancels in the network's precision, royVetterli is that of "
    + "variances, dimensionsFor90Percent is one too low"

  /// What two runs must have in common for one to go on with the other's partial results.
  private func fingerprint(_ selection: CellOptions.Selection, _ provenance: Provenance) -> String {
    let inputs = provenance.inputs.map { "\($0.bytes) \($0.sha256 ?? $0.modified ?? "")" }
    return "\(provenance.version) \(inputs) \(selection.cells) \(selection.channels) \(cells.patchSize) \(cells.centerCrop ?? 0) "
      + "\(cells.maskCells) \(cells.normalization) \(cells.cofactor) \(baseline) \(exactShortcuts ?? .auto) \(common.seed) "
      + "\(common.precision) \(network.model ?? "") \(network.prefix ?? "") \(compareModel ?? "") \(asInSeed)"
  }
}
