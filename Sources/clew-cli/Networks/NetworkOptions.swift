import ArgumentParser
import Clew

/// Which network, and where its parameters are.
struct NetworkOptions: ParsableArguments {
  static let names = Zoo.allCases.map(\.rawValue).joined(separator: ", ")

  @Option(
    help: ArgumentHelp(
      "An .onnx file, a saved network, or a model of the zoo that --checkpoint fills: \(names).", valueName: "M"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "The parameters of a model of the zoo: .pth, .safetensors, .npz, or a run's folder with last_checkpoint.",
      valueName: "file|run"))
  var checkpoint: String?

  @Option(help: ArgumentHelp("What parameter names begin with (default: backbone., wrapped_model. and module. are recognised)."))
  var prefix: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("Attention heads of a transformer (default: width/64).", valueName: "H"))
  var heads: Int?

  @Option(parsing: .unconditional, help: ArgumentHelp("Channels of the input, where shapes do not tell.", valueName: "C"))
  var inChannels: Int?

  @Option(help: ArgumentHelp("Strides of a plain CNN's convolutions (default: 1 each), as in 1,1,2.", valueName: "list"))
  var strides: String?

  /// The network in the precision that was asked for, and the files that it was read from.
  func load(_ precision: Precision) throws -> (network: Network, files: [String]) {
    let (network, files) = try load()
    return (network.converted(to: precision.dtype), files)
  }

  /// The network as it is stored, and the files that it was read from.
  func load() throws -> (network: Network, files: [String]) {
    guard let model else { throw CommandError.unusable("--model: found none, expected a network or one of \(Self.names)") }
    var (network, files): (Network, [String])
    if let zoo = Zoo(rawValue: model) {
      guard let checkpoint else {
        throw CommandError.unusable("--checkpoint: found none, expected the parameters of the model '\(model)'")
      }
      let state = try StateDictionary.load(checkpoint, prefix: prefix)
      network = try zoo.network(filling: state, options: try options())
      files = [state.source]
    } else {
      network = try file(model)
      files = [model]
    }
    return (network, files)
  }

  private func file(_ path: String) throws -> Network {
    guard FileKind.exists(path) else {
      let hint = NearestName.nearest(to: path, in: Zoo.allCases.map(\.rawValue)).map { "; did you mean '\($0)'?" } ?? ""
      throw CommandError.unusable("--model: found '\(path)', expected a file or one of \(Self.names)\(hint)")
    }
    if let checkpoint {
      throw CommandError.unusable("--checkpoint: found \(checkpoint), expected none: \(path) has parameters of its own")
    }
    return try Network.load(path)
  }

  private func options() throws -> ArchitectureOptions {
    let numbers = strides?.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) }
    if let strides, numbers?.contains(nil) ?? true {
      throw CommandError.unusable("--strides: found '\(strides)', expected numbers separated by commas")
    }
    return ArchitectureOptions(heads: heads, inChannels: inChannels, strides: numbers?.compactMap { $0 })
  }
}
