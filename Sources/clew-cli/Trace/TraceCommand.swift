import ArgumentParser
import Clew

extension RotationRule: ExpressibleByArgument {}

/// The affinities that the command line knows.
enum AffinityName: String, ExpressibleByArgument, CaseIterable {
  case gaussian, cosine
  var kernel: AffinityKernel { self == .gaussian ? .gaussian : .cosine }
}

/// A number of segments, or `auto`.
enum SegmentOption: ExpressibleByArgument, Equatable {
  case count(Int)
  case auto

  init?(argument: String) {
    if argument == "auto" {
      self = .auto
    } else {
      guard let count = Int(argument) else { return nil }
      self = .count(count)
    }
  }
}

/// The width of a spectral filter, or `auto`.
enum FilterOption: ExpressibleByArgument, Equatable {
  case width(Double)
  case auto

  init?(argument: String) {
    if argument == "auto" {
      self = .auto
    } else {
      guard let width = Double(argument) else { return nil }
      self = .width(width)
    }
  }

  var rule: FilterWidth {
    switch self {
    case .width(let width): .value(width)
    case .auto: .automatic
    }
  }
}

extension ChannelAggregation: ExpressibleByArgument {}
extension ColoringRule: ExpressibleByArgument {}

struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Trace the channels that made each segment of a normalised cut.",
    discussion: """
      INPUT is a feature array of shape [height, width, channels], [pictures, height, width, channels] or
      [nodes, channels] in .npy, .npz, .safetensors, .h5 or .csv (file:key where there are several), a multiplex
      TIFF with a page for each channel, or a PNG, JPEG or TIFF picture, which is described by a bank of named
      filters: colour, gradients, Gabor texture.

      Examples:
        clew trace features.npy --segments 4
        clew trace photo.jpg --segments 6 --output out
        clew trace large.npy --segments auto --affinity cosine --memory 2GB
        clew trace huge.npy --segments 8 --sample 2000
        clew trace stack.h5:slices --segments 5 --separate --output out
        clew trace sample.npy --segments 8 --assign rest.npy --output out
        clew trace large.npy --segments 8 --resume large.checkpoint --output out
        clew trace photo.jpg --foreground 20,48 --foreground 30,50 --background 5,5 --output out
        clew trace --model resnet18 --checkpoint resnet18.pth --layer layer3.1.conv2 --segments 4 photo.jpg
        clew trace --demo --output demo
      """)

  @Argument(help: ArgumentHelp("The features or the picture; with --model any number of pictures.", valueName: "input"))
  var inputs: [String] = []

  @OptionGroup var network: NetworkOptions

  @Option(help: ArgumentHelp("With --model: the layer whose activations are the features.", valueName: "layer"))
  var layer: String?

  @OptionGroup var pictures: PictureOptions

  @Flag(help: "Trace a generated multiplex tissue whose channels are planted, instead of an input.")
  var demo = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Number of segments, at least 2, or auto: that with the widest gap after its eigenvalue (with --demo: 4 unless given).",
      valueName: "K|auto"))
  var segments: SegmentOption?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("With --segments auto: the largest number considered.", valueName: "K"))
  var maxSegments = 20

  @Flag(help: "Cut every picture of a batch or slice of a volume on its own, instead of all as a whole.")
  var separate = false

  @Option(parsing: .unconditional, help: ArgumentHelp("Pictures are scaled to at most this many pixels.", valueName: "count"))
  var maxNodes = 10_000

  @Option(
    help: ArgumentHelp(
      "What makes two nodes alike: gaussian, exp(-d^2/2S^2) of their distance d; cosine, exp(-d^2/2S^2) + 0.001 with "
        + "d = 1 - cos of the angle between their features."))
  var affinity = AffinityName.gaussian

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Width of the affinity, in the units of d (default: the median of the d that are not zero).", valueName: "S"))
  var sigma: Double?

  @Flag(help: "Let the median width move with the features in the derivative, instead of holding it fixed.")
  var sigmaGradient = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "What a stored affinity may take, such as 4GB, or 30% of what is free (default: 50%). Beyond, it is made again a tile at "
        + "a time whenever it is used.", valueName: "size"))
  var memory: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Cut only so many nodes, drawn with --seed, and extend their eigenvectors to the others (Nystrom), with an error that is "
        + "estimated, not bounded (default: all nodes are cut).", valueName: "M"))
  var sample: Int?

  @Option(help: "Whether the k-way rotation moves with the eigenvectors (procrustes) or is a constant (frozen).")
  var rotation = RotationRule.procrustes

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "For features without a gap after the last eigenvalue: weight eigenvectors by a smooth step of this width over the spectrum, "
        + "from 0.0001 to 2, or auto, instead of taking the first and no other.", valueName: "auto|W"))
  var spectralFilter: FilterOption?

  @Option(help: "What the ranking sorts by, descending; all of them are in the result.")
  var rankBy = ChannelTrace.Configuration(segments: 2).aggregation

  @Option(
    help: ArgumentHelp(
      "Other features in the same channels (with --model, other pictures' activations), which are placed in the segments.",
      valueName: "input"))
  var assign: String?

  @OptionGroup var points: PromptOptions

  @Option(
    help: ArgumentHelp(
      "With --output: how eigenvectors are shown as colours, by their three principal axes (spectral, the default), or by a "
        + "t-SNE in three dimensions, which keeps more groups apart (tsne)."))
  var colors: ColoringRule?

  @Option(help: ArgumentHelp("A file with one channel name a line.", valueName: "file"))
  var channelNames: String?

  @Option(help: ArgumentHelp("Write result.json, tables and pictures (PNG and PDF) to this folder.", valueName: "folder"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Keep what every pass over the affinity gives in this file, and go on from it if it is there; it is removed when the run is "
        + "finished. A run of 20,000 nodes or more leaves such a file when it is interrupted (Ctrl-C) and says how to go on.",
      valueName: "file"))
  var resume: String?

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if inputs.isEmpty && !demo { throw ValidationError("Give an input, or --demo.") }
    if !inputs.isEmpty && demo { throw ValidationError("Give either an input or --demo, not both.") }
    if (network.model == nil) != (layer == nil) { throw ValidationError("--model and --layer go together.") }
    if assign != nil && (demo || separate) {
      throw ValidationError("--assign needs an input that is cut as a whole; leave out \(demo ? "--demo" : "--separate").")
    }
    if demo && channelNames != nil { throw ValidationError("--demo has channel names of its own; leave out --channel-names.") }
    if !points.isEmpty {
      let others = [
        ("--separate", separate), ("--assign", assign != nil), ("--colors", colors != nil), ("--sample", sample != nil),
        ("--spectral-filter", spectralFilter != nil), ("--rotation frozen", rotation == .frozen),
      ]
      if let other = others.first(where: \.1) {
        throw ValidationError("Prompts (--foreground) give one foreground and no segments; leave out \(other.0).")
      }
    }
    if colors != nil && output == nil { throw ValidationError("--colors is about a picture; give it a folder with --output.") }
    if segments == nil && !demo && points.isEmpty { throw ValidationError("Missing expected argument '--segments <K>'") }
  }

  func run() throws {
    try common.apply()
    // Not in `validate`: there it would hide an option that does not exist.
    if inputs.count > 1 && network.model == nil {
      throw CommandError.unusable("\(inputs[1]): found a second input, expected one (several pictures need a network: --model)")
    }
    if maxNodes < 2 { throw CommandError.unusable("--max-nodes: found \(maxNodes), expected at least 2") }
    let source = try input.map { try load($0, inputs) } ?? TraceInput.demo(seed: common.seed)
    let others = try assign.map { try load($0, [$0]) }
    if let others, let assign { try PlacedFeatures.check(others, named: assign, for: source) }
    var configuration = try configuration(source.features.shape)
    let prompts = try prompts(source.features.shape)
    // Fail before the work, not after it.
    let folder = try output.map { try OutputFolder($0) }
    let checkpoint = try checkpoint(source.features.shape, folder)
    // What is free now may be less than it was, and another regime would be another run.
    if memory == nil, let regime = checkpoint?.passes.regime {
      configuration.memory = MemoryBudget(bytes: regime == .stored ? .infinity : 0)
    }
    if let prompts { return try runPrompted(source, prompts, configuration, folder, checkpoint) }
    var result = try runTrace(source, configuration, checkpoint)
    if let others, let assign { result.placed = try PlacedFeatures(others, named: assign, in: result.traces[0]) }
    let files = source.files + (others?.files ?? [])
    let document = try jsonDocument(result.document(of: source, provenance: try Provenance(common, inputs: files)))
    common.warn(result.warnings)
    let coloring = TraceFigures.Coloring(rule: colors ?? .spectral, seed: common.seed)
    try finish(document, result.table(of: source), folder, checkpoint) { try result.write(source, coloring, to: $0) }
  }

  /// Writes what is written to a folder and prints what is printed.
  func finish(
    _ document: String, _ table: @autoclosure () -> String, _ folder: OutputFolder?, _ checkpoint: TraceCheckpoint?,
    write: (OutputFolder) throws -> WrittenFiles
  ) throws {
    var written = WrittenFiles()
    if let folder {
      written = try write(folder)
      common.warn(written.warnings)
      try folder.write(document, "result.json")
    }
    if common.json {
      try standardOutput(document)
    } else {
      try standardOutput(table())
      if !written.lines.isEmpty { try standardOutput("\n" + written.lines.joined(separator: "\n") + "\n") }
    }
    checkpoint?.remove()
  }

  private func checkpoint(_ shape: Shape, _ folder: OutputFolder?) throws -> TraceCheckpoint? {
    if sample != nil { return nil }
    let nodes = Double(shape.elementCount / max(1, shape.last ?? 1))
    let pictures = separate ? Double(max(1, shape[0])) : 1
    return try TraceCheckpoint(
      resume, name: demo ? "demo" : layer ?? input ?? "", pairs: nodes * nodes / pictures, folder: folder, quiet: common.quiet)
  }

  /// The first input, for messages and when there is but one.
  private var input: String? { inputs.first }

  /// - Parameter files: with a network all pictures, otherwise the input alone.
  private func load(_ input: String, _ files: [String]) throws -> TraceInput {
    if let layer {
      let (network, modelFiles) = try self.network.load(common.precision)
      let batches = try NetworkBatches(files, dtype: common.precision.dtype) {
        try pictures.preprocessing(for: network, wholePicture: true)
      }
      var source = try TraceInput.activations(of: layer, network, batches, maxNodes: maxNodes, names: channelNames)
      source.files += modelFiles
      return source
    }
    return try TraceInput.load(input, maxNodes: maxNodes, names: channelNames, precision: common.precision.dtype)
  }

  private func configuration(_ shape: Shape) throws -> ChannelTrace.Configuration {
    let name = input ?? "--demo"
    if separate && shape.rank != 4 {
      throw CommandError.unusable(
        "--separate: found features of shape \(shape), expected [pictures, height, width, channels] in \(name)")
    }
    let nodes = shape.elementCount / max(1, shape.last ?? 1) / (separate ? max(1, shape[0]) : 1)
    let of = separate ? "each picture of \(name)" : name
    guard nodes >= 2 else { throw CommandError.unusable("\(of): found \(nodes) node, expected at least 2") }
    if let sigma, !(1e-100...1e100).contains(sigma) {
      throw CommandError.unusable("--sigma: found \(sigma), expected a positive number from 1e-100 to 1e+100")
    }
    if sigmaGradient && sigma != nil {
      throw CommandError.unusable("--sigma-gradient: found --sigma as well, expected the median, which moves with the features")
    }
    if case .width(let width) = spectralFilter, !(1e-4...2).contains(width) {
      throw CommandError.unusable("--spectral-filter: found \(width), expected auto, or a width from 0.0001 to 2")
    }
    if spectralFilter != nil && rotation == .frozen {
      throw CommandError.unusable("--spectral-filter: found --rotation frozen as well, expected no rotation: nothing is rotated")
    }
    let segments = try segmentCount(nodes, of)
    return ChannelTrace.Configuration(
      segments: segments, kernel: affinity.kernel, width: sigma.map { .value($0) } ?? .medianDistance,
      widthRule: sigmaGradient ? .moving : .frozen, rotation: rotation, filter: spectralFilter?.rule, aggregation: rankBy,
      precision: common.precision.dtype, memory: try memoryBudget(), sample: try nodeSample(segments, nodes, of))
  }

  private func nodeSample(_ segments: SegmentCount, _ nodes: Int, _ name: String) throws -> NodeSample? {
    guard let sample else { return nil }
    for (option, isGiven) in [("--spectral-filter", spectralFilter != nil), ("--resume", resume != nil)] where isGiven {
      throw CommandError.unusable("--sample: found \(option) as well, expected one of the two: it is of cuts of all nodes")
    }
    var least = 3
    if case .fixed(let count) = segments { least = count + 1 }
    guard least <= nodes else {
      throw CommandError.unusable(
        "--sample: found \(nodes) nodes in \(name), expected at least \(least), one more than segments")
    }
    guard least <= sample, sample <= nodes else {
      throw CommandError.unusable(
        "--sample: found \(sample), expected from \(least), one more than segments, to \(nodes), the number of nodes of \(name)")
    }
    return NodeSample(count: sample, seed: common.seed)
  }

  private func segmentCount(_ nodes: Int, _ name: String) throws -> SegmentCount {
    let usual = points.isEmpty ? 4 : min(PromptOptions.usualEigenvectors, nodes)
    switch segments ?? .count(usual) {
    case .count(let count):
      guard (2...nodes).contains(count) else {
        throw CommandError.unusable("--segments: found \(count), expected from 2 to \(nodes), the number of nodes of \(name)")
      }
      return .fixed(count)
    case .auto:
      guard maxSegments >= 2 else {
        throw CommandError.unusable("--max-segments: found \(maxSegments), expected at least 2")
      }
      guard nodes > 2 else {
        throw CommandError.unusable("--segments auto: found \(nodes) nodes in \(name), expected at least 3 to choose")
      }
      return .automatic(upTo: maxSegments)
    }
  }

  private func memoryBudget() throws -> MemoryBudget? {
    guard let memory else { return nil }
    guard let budget = MemoryBudget(parsing: memory) else {
      throw CommandError.unusable(
        "--memory: found '\(memory)', expected a size such as 4GB, or a share of what is free such as 50%")
    }
    return budget
  }

  private func runTrace(
    _ source: TraceInput, _ configuration: ChannelTrace.Configuration, _ checkpoint: TraceCheckpoint?
  ) throws -> TraceResult {
    let progress = ProgressLine(quiet: common.quiet)
    let stages = ChannelTrace.Stage.allCases
    let count = separate ? source.features.shape[0] : 1
    func show(_ picture: Int, _ stage: ChannelTrace.Stage) {
      let text = separate ? "picture \(picture): \(stage.rawValue)" : stage.rawValue
      progress.show(picture * stages.count + (stages.firstIndex(of: stage) ?? 0) + 1, of: count * stages.count, text)
    }
    let onPass = passes(on: progress, checkpoint)
    do throws(SpectralError) {
      if separate {
        return TraceResult(
          traces: try ChannelTrace.separately(
            source.features, channelNames: source.channelNames, configuration: configuration, checkpoint: checkpoint?.passes,
            onStage: show, onPass: onPass),
          isSeparate: true)
      }
      let trace = try ChannelTrace(
        source.features, channelNames: source.channelNames, configuration: configuration, checkpoint: checkpoint?.passes,
        onStage: { show(0, $0) }, onPass: onPass)
      return TraceResult(traces: [trace], isSeparate: false)
    } catch { throw failure(error) }
  }

  /// What tells of passes over the affinity; they are reported on this thread.
  func passes(on progress: ProgressLine, _ checkpoint: TraceCheckpoint?) -> @Sendable (AffinityPass) -> Void {
    let (line, kept) = (UncheckedSendable(progress), UncheckedSendable(checkpoint))
    return { pass in
      kept.value?.onPass()
      let found = pass.found.map { ", \($0)" } ?? ""
      line.value.detail("pass \(pass.number) over the affinity, \(Int(100 * pass.share)) %\(found)")
    }
  }

  func failure(_ error: SpectralError) -> CommandError {
    switch error {
    case .checkpoint: .unusable("--resume: \(error)")
    case .invalidInput, .notFinite: .unusable("\(inputName): \(error)")
    case .notConverged, .degenerate: .failed("\(inputName): \(error)")
    }
  }

  var inputName: String { input ?? "--demo" }
}
