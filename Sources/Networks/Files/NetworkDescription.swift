import Autograd
import Foundation

/// A network without the values of its parameters, as a file's metadata hold it.
struct NetworkDescription: Codable {
  /// Of this description. Readers refuse what they do not know.
  static let version = 1

  struct Parameter: Codable {
    let name: String
    let role: String
    let initialization: Initialization
  }

  struct Layer: Codable {
    let name: String
    let operation: any LayerOperation
    let inputs: [ValueReference?]
    let parameters: [Parameter]

    private enum Key: CodingKey { case name, operation, attributes, inputs, parameters }

    init(_ layer: Networks.Layer) {
      name = layer.name
      operation = layer.operation
      inputs = layer.inputs
      parameters = layer.parameters.map { Parameter(name: $0.name, role: $0.role, initialization: $0.initialization) }
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      name = try container.decode(String.self, forKey: .name)
      inputs = try container.decode([ValueReference?].self, forKey: .inputs)
      parameters = try container.decode([Parameter].self, forKey: .parameters)
      let kind = try container.decode(String.self, forKey: .operation)
      guard let type = LayerOperationCatalogue.operation(named: kind) else {
        throw DecodingError.dataCorruptedError(
          forKey: .operation, in: container, debugDescription: "an operation '\(kind)' that is not known here")
      }
      operation = try type.init(from: container.superDecoder(forKey: .attributes))
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(name, forKey: .name)
      try container.encode(operation.name, forKey: .operation)
      try container.encode(inputs, forKey: .inputs)
      try container.encode(parameters, forKey: .parameters)
      try operation.encode(to: container.superEncoder(forKey: .attributes))
    }
  }

  let version: Int
  let inputs: [NetworkInput]
  let layers: [Layer]
  let outputs: [NetworkOutput]

  init(_ network: Network) {
    version = Self.version
    inputs = network.inputs
    layers = network.layers.map(Layer.init)
    outputs = network.outputs
  }
}
