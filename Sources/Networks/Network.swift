import Autograd
import Formats

/// A network as a value: a graph of named layers with their parameters.
///
/// Not a class with a forward method: so its activations have names, anything can be changed at any point for one run, parents are
/// found across skips, and nothing is left behind on it.
public struct Network: Sendable {
  public let inputs: [NetworkInput]
  /// In an order in which they can be computed.
  public private(set) var layers: [Layer]
  /// At least one.
  public let outputs: [NetworkOutput]
  /// Place of each layer in ``layers``.
  let places: [String: Int]

  /// Checks the graph: names are unique, every layer reads what stands before it, every output exists.
  public init(
    inputs: [NetworkInput], layers: [Layer], outputs: [NetworkOutput]
  ) throws(NetworkError) {
    var places: [String: Int] = [:]
    var known = Set<String>()
    for input in inputs where !known.insert(input.name).inserted {
      throw .malformed("found two inputs named '\(input.name)', expected different names")
    }
    for (place, layer) in layers.enumerated() {
      for case let value? in layer.inputs where !known.contains(value.source) {
        throw .malformed("layer '\(layer.name)' reads '\(value.source)', which does not stand before it")
      }
      guard known.insert(layer.name).inserted else {
        throw .malformed("found '\(layer.name)' twice, expected different names")
      }
      places[layer.name] = place
    }
    guard !outputs.isEmpty else { throw .malformed("found no output, expected at least one") }
    for output in outputs where !known.contains(output.value.source) {
      throw .malformed("output '\(output.name)' is '\(output.value.source)', which no layer computes")
    }
    self.inputs = inputs
    self.layers = layers
    self.outputs = outputs
    self.places = places
  }

  /// The layer called `name`. Throws ``NetworkError/unknownLayer(_:suggestion:)`` with the nearest name.
  public func layer(named name: String) throws(NetworkError) -> Layer {
    guard let place = places[name] else { throw .unknownLayer(name, among: layers.map(\.name)) }
    return layers[place]
  }

  /// All parameters, in the order of the layers; one that several layers share is named once.
  public var parameters: [Parameter] {
    var seen = Set<String>()
    return layers.flatMap(\.parameters).filter { seen.insert($0.name).inserted }
  }

  /// The precision in which it computes: that of its first floating-point parameter; `nil` if it has none.
  public var dtype: DType? {
    for layer in layers {
      for parameter in layer.parameters where parameter.value.dtype.isFloating { return parameter.value.dtype }
    }
    return nil
  }

  /// The same network with every floating-point parameter in another precision.
  public func converted(to dtype: DType) -> Network {
    mappingParameters { $0.value.dtype.isFloating ? $0.value.converted(to: dtype) : $0.value }
  }

  /// The same network with one parameter replaced, in every layer that has it.
  ///
  /// - Throws: ``NetworkError`` if no parameter has this name, or if the shape is another.
  public func replacing(parameter name: String, with value: NDArray) throws(NetworkError) -> Network {
    guard let old = parameters.first(where: { $0.name == name }) else {
      throw .unknownLayer(name, among: parameters.map(\.name))
    }
    guard old.value.shape == value.shape, old.value.dtype == value.dtype else {
      throw .input(
        "parameter '\(name)': found \(value.dtype)\(value.shape), expected \(old.value.dtype)\(old.value.shape)")
    }
    return mappingParameters { $0.name == name ? value : $0.value }
  }

  func mappingParameters(_ transform: (Parameter) -> NDArray) -> Network {
    var result = self
    for place in layers.indices {
      for index in layers[place].parameters.indices {
        result.layers[place].parameters[index].value = transform(layers[place].parameters[index])
      }
    }
    return result
  }

  /// The same layers with other outputs: what does not lead to them is left out of a run.
  ///
  /// - Parameter values: layers, `layer:1` for a further output of one, or inputs.
  public func withOutputs(_ values: [String]) throws(NetworkError) -> Network {
    var outputs: [NetworkOutput] = []
    for name in values { outputs.append(NetworkOutput(name, try reference(name))) }
    return try Network(inputs: inputs, layers: layers, outputs: outputs)
  }

  /// The value that `name` stands for: a layer, `layer:1` for a further output, or an input.
  func reference(_ name: String) throws(NetworkError) -> ValueReference {
    if places[name] != nil || inputs.contains(where: { $0.name == name }) { return ValueReference(name) }
    if let colon = name.lastIndex(of: ":"), let index = Int(name[name.index(after: colon)...]), index >= 0,
      places[String(name[..<colon])] != nil
    {
      return ValueReference(String(name[..<colon]), index: index)
    }
    throw .unknownLayer(name, among: layers.map(\.name) + inputs.map(\.name))
  }
}
