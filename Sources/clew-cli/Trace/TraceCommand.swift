import ArgumentParser
import Clew

extension RotationRule: ExpressibleByArgument {}
extension ChannelAggregation: ExpressibleByArgument {}

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
    parsing: .unconditional, help: ArgumentHelp("Number of segments, at least 2 (with --demo: 4 unless given).", valueName: "K"))
  var segments: Int?

  @Option(parsing: .unconditional, help: ArgumentHelp("Pictures are scaled to at most this many pixels.", valueName: "count"))
  var maxNodes = 10_000

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Width of the affinity in the units of the features (default: the median of the non-zero pairwise distances).",
      valueName: "S"))
  var sigma: Double?

  @Option(help: "Whether the k-way rotation moves with the eigenvectors (procrustes) or is a constant (frozen).")
  var rotation = RotationRule.procrustes

  @Option(help: "What the ranking sorts by, descending; all of them are in the result.")
  var rankBy = ChannelTrace.Configuration(segments: 2).aggregation

  @Option(help: ArgumentHelp("A file with one channel name a line.", valueName: "file"))
  var channelNames: String?

  @Option(help: ArgumentHelp("Write result.json, tables and pictures (PNG and PDF) to this folder.", valueName: "folder"))
  var output: String?

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if inputs.isEmpty && !demo { throw ValidationError("Give an input, or --demo.") }
    if !inputs.isEmpty && demo { throw ValidationError("Give either an input or --demo, not both.") }
    if (network.model == nil) != (layer == nil) { throw ValidationError("--model and --layer go together.") }
    if demo && channelNames != nil { throw ValidationError("--demo has channel names of its own; leave out --channel-names.") }
    if segments == nil && !demo { throw ValidationError("Missing expected argument '--segments <K>'") }
  }

  func run() throws {
    try common.apply()
    // Not in `validate`: there it would hide an option that does not exist.
    if inputs.count > 1 && network.model == nil {
      throw CommandError.unusable("\(inputs[1]): found a second input, expected one (several pictures need a network: --model)")
    }
    if maxNodes < 2 { throw CommandError.unusable("--max-nodes: found \(maxNodes), expected at least 2") }
    let source = try loadInput()
    let configuration = try configuration(nodes: source.features.count / max(1, source.features.shape.last ?? 1))
    // Fail before the work, not after it.
    let folder = try output.map { try OutputFolder($0) }
    let trace = try runTrace(source, configuration)
    let planted = source.phantom.map { PlantedChannels(trace, $0) }
    let report = TraceReport(trace, planted: planted, provenance: try Provenance(common, inputs: source.files))
    let document = try jsonDocument(report)
    common.warn(trace.warnings)
    var written: [String] = []
    if let folder {
      written = try TraceFigures(trace: trace, input: source).write(to: folder)
      try folder.write(document, "result.json")
    }
    if common.json {
      try standardOutput(document)
    } else {
      try standardOutput(TraceTable(trace: trace, planted: planted).text)
      if !written.isEmpty { try standardOutput("\n" + written.joined(separator: "\n") + "\n") }
    }
  }

  /// The first input, for messages and when there is but one.
  private var input: String? { inputs.first }

  private func loadInput() throws -> TraceInput {
    guard let input else { return TraceInput.demo(seed: common.seed) }
    if let layer {
      let (network, files) = try self.network.load(common.precision)
      let batches = try NetworkBatches(inputs, dtype: common.precision.dtype) {
        try pictures.preprocessing(for: network, wholePicture: true)
      }
      var source = try TraceInput.activations(of: layer, network, batches, maxNodes: maxNodes, names: channelNames)
      source.files += files
      return source
    }
    return try TraceInput.load(input, maxNodes: maxNodes, names: channelNames, precision: common.precision.dtype)
  }

  private func configuration(nodes: Int) throws -> ChannelTrace.Configuration {
    let count = segments ?? 4
    let name = input ?? "--demo"
    guard nodes >= 2 else { throw CommandError.unusable("\(name): found \(nodes) node, expected at least 2") }
    guard (2...nodes).contains(count) else {
      throw CommandError.unusable("--segments: found \(count), expected from 2 to \(nodes), the number of nodes of \(name)")
    }
    if let sigma, !(1e-100...1e100).contains(sigma) {
      throw CommandError.unusable("--sigma: found \(sigma), expected a positive number from 1e-100 to 1e+100")
    }
    return ChannelTrace.Configuration(
      segments: count, width: sigma.map { .value($0) } ?? .medianDistance, rotation: rotation, aggregation: rankBy,
      precision: common.precision.dtype)
  }

  private func runTrace(_ source: TraceInput, _ configuration: ChannelTrace.Configuration) throws -> ChannelTrace {
    let progress = ProgressLine(quiet: common.quiet)
    let stages = ChannelTrace.Stage.allCases
    do throws(SpectralError) {
      return try ChannelTrace(source.features, channelNames: source.channelNames, configuration: configuration) { stage in
        progress.show((stages.firstIndex(of: stage) ?? 0) + 1, of: stages.count, stage.rawValue)
      }
    } catch {
      switch error {
      case .invalidInput, .notFinite: throw CommandError.unusable("\(input ?? "--demo"): \(error)")
      case .notConverged, .degenerate: throw CommandError.failed("\(input ?? "--demo"): \(error)")
      }
    }
  }
}
