import Clew
import Foundation

/// One of the networks that are studied.
struct ChannelsModel {
  let name: String
  let network: Network
  /// Stored embeddings, and the file that they are from.
  let embeddings: (array: NDArray, path: String)?
  let files: [String]

  init(_ options: NetworkOptions, embeddings: String?, name: String?, _ common: CommonOptions) throws {
    let (network, files) = try options.load(common.precision)
    try self.init(
      name ?? Self.shortName(options.model ?? "model"), network, files, run: options.checkpoint, embeddings: embeddings)
  }

  /// The second network. Without a name the model is the first that its checkpoint fills.
  init(comparing run: String, model: String?, with first: NetworkOptions, _ common: CommonOptions) throws {
    var options = first
    options.checkpoint = run
    if let model {
      options.model = model
    } else if let found = try Self.recognised(run, first) {
      options.model = found
    }
    do {
      let (network, files) = try options.load(common.precision)
      let folder = URL(fileURLWithPath: run).lastPathComponent
      try self.init("\(options.model ?? "model") (\(folder))", network, files, run: run, embeddings: nil)
    } catch let error as NetworkError where model == nil {
      throw CommandError.unusable("\(error); --compare-model names the model of --compare-with")
    }
  }

  private static func recognised(_ run: String, _ first: NetworkOptions) throws -> String? {
    if FileKind.exists(run), (try? Network.load(run)) != nil { return nil }
    let state = try StateDictionary.load(run, prefix: first.prefix)
    let options = ArchitectureOptions(heads: first.heads, inChannels: first.inChannels)
    let candidates = Zoo.allCases.map(\.rawValue)
    return ([first.model].compactMap { $0 } + candidates).first { name in
      Zoo(rawValue: name).map { (try? $0.network(filling: state, options: options)) != nil } ?? false
    }
  }

  private init(_ name: String, _ network: Network, _ files: [String], run: String?, embeddings: String?) throws {
    (self.name, self.network) = (name, network)
    let usual = run.map { $0 + "/val_results.npz" }.flatMap { FileKind.exists($0) ? $0 : nil }
    if let embeddings {
      let input = InputPath(parsing: embeddings)
      self.embeddings = (array: try Self.features(input), path: input.path)
    } else {
      self.embeddings = try usual.map { (array: try Self.features(InputPath(path: $0, key: "features")), path: $0) }
    }
    self.files = files + (self.embeddings.map { [$0.path] } ?? [])
  }

  private static func features(_ input: InputPath) throws -> NDArray {
    let arrays = try NamedArrays.load(input.path)
    let key = input.key ?? (arrays.names.contains("features") ? "features" : nil)
    let array = try key.map { try arrays.array(named: $0) } ?? arrays.sole
    guard array.rank == 2, array.count > 0 else {
      throw CommandError.unusable("\(input): found an array of shape \(array.shape), expected embeddings [cells, features]")
    }
    return array.converted(to: .float64)
  }

  private static func shortName(_ model: String) -> String {
    FileKind.exists(model) ? URL(fileURLWithPath: model).deletingPathExtension().lastPathComponent : model
  }

  /// Throws unless the network reads patches with these channels.
  func check(_ selection: CellOptions.Selection) throws {
    guard network.inputs.count == 1 else {
      throw CommandError.unusable("--model \(name): found \(network.inputs.count) inputs, expected one")
    }
    guard let shape = network.inputs[0].shape else { return }
    guard shape.count == 4 else {
      throw CommandError.unusable(
        "--model \(name): found an input of \(shape.count) axes, expected [cells, channels, rows, columns]")
    }
    if let channels = shape[1], channels != selection.markers.count {
      throw CommandError.unusable(
        "--markers: found \(selection.markers.count) markers, expected \(channels), the input channels of the model \(name)")
    }
  }
}
