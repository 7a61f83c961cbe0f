import Autograd
import Formats
import Foundation

extension Network {
  /// Under which the graph stands in a file's metadata.
  private static let key = "clew.network"

  /// Writes the network as one safetensors file: the parameters under their names, the graph in the metadata. Other programs read
  /// the weights; nothing half-written ever stands under `path`. The same network gives the same bytes.
  ///
  /// - Throws: `FormatError` if the file cannot be written, or two different parameters have one name.
  public func save(to path: String) throws(FormatError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text: String
    do { text = String(decoding: try encoder.encode(NetworkDescription(self)), as: UTF8.self) } catch {
      throw FormatError(
        .unwritable, path: path, found: "an attribute that is not a finite number", expected: "one that a file can hold")
    }
    try Safetensors.write(
      parameters.map { (name: $0.name, array: $0.value) }, metadata: [Self.key: text], to: path)
  }

  /// Reads a network that ``save(to:)`` wrote.
  public init(contentsOf path: String) throws {
    let file = try Safetensors(path)
    guard let text = file.metadata.last(where: { $0.key == Self.key })?.value else {
      throw NetworkError.unusable(
        source: path, found: "weights without a graph", expected: "a saved network, or the name of a model of the zoo (--model)")
    }
    let description: NetworkDescription
    do { description = try JSONDecoder().decode(NetworkDescription.self, from: Data(text.utf8)) } catch {
      throw NetworkError.unusable(
        source: path, found: "a graph that cannot be read (\(Self.reason(error)))",
        expected: "one of version \(NetworkDescription.version)")
    }
    guard description.version == NetworkDescription.version else {
      throw NetworkError.unusable(
        source: path, found: "a graph of version \(description.version)", expected: "version \(NetworkDescription.version)")
    }
    var values: [String: NDArray] = [:]
    for entry in file.entries { values[entry.name] = try file.array(named: entry.name) }
    var layers: [Layer] = []
    for layer in description.layers {
      var parameters: [Parameter] = []
      for parameter in layer.parameters {
        guard let value = values[parameter.name] else {
          throw NetworkError.parameters(source: path, missing: [parameter.name], unexpected: [], mismatched: [])
        }
        parameters.append(
          Parameter(
            name: parameter.name, role: parameter.role, value: value, initialization: parameter.initialization))
      }
      layers.append(
        Layer(name: layer.name, operation: layer.operation, inputs: layer.inputs, parameters: parameters))
    }
    try self.init(inputs: description.inputs, layers: layers, outputs: description.outputs)
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.dataCorrupted(let context): context.debugDescription
    case DecodingError.keyNotFound(let key, _): "'\(key.stringValue)' is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' is of another type"
    default: "it is damaged"
    }
  }
}

extension Network {
  /// Reads a network from a file that holds graph and parameters, recognised by content: so far, those of ``save(to:)``.
  ///
  /// - Throws: `FormatError` or ``NetworkError``.
  public static func load(_ path: String) throws -> Network { try Network(contentsOf: path) }
}
