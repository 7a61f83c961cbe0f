import Autograd
import Foundation

/// How a parameter is drawn anew.
public enum Initialization: Sendable, Equatable, Codable {
  /// Not at all: a constant of the graph.
  case fixed
  case zeros
  case ones
  /// Uniform in ±1/√fanIn: what PyTorch gives the weights and biases of convolutions and linear layers.
  case uniform(fanIn: Int)
  /// Normal with mean 0, cut at ±2 deviations.
  case truncatedNormal(deviation: Double)

  /// New values of a shape; `nil` for what is fixed.
  func values(_ shape: Shape, _ random: inout RandomSource) -> [Double]? {
    let count = shape.elementCount
    switch self {
    case .fixed: return nil
    case .zeros: return Array(repeating: 0, count: count)
    case .ones: return Array(repeating: 1, count: count)
    case .uniform(let fanIn):
      let bound = 1 / Double(max(1, fanIn)).squareRoot()
      var values: [Double] = []
      values.reserveCapacity(count)
      for _ in 0..<count { values.append(bound * (2 * random.uniform() - 1)) }
      return values
    case .truncatedNormal(let deviation):
      var values: [Double] = []
      values.reserveCapacity(count)
      while values.count < count {
        let value = random.normal()
        if abs(value) <= 2 { values.append(deviation * value) }
      }
      return values
    }
  }
}

extension Network {
  /// The same network with the parameters of some layers drawn anew, each layer from a stream of its own: which others are drawn, too,
  /// changes nothing for it. For randomisation tests of attributions (Adebayo et al. 2018).
  ///
  /// - Parameters:
  ///   - names: layers; all of them unless given.
  ///   - seed: the same seed gives the same parameters.
  /// - Throws: ``NetworkError`` for a layer that does not exist.
  public func reinitialized(_ names: [String]? = nil, seed: UInt64) throws(NetworkError) -> Network {
    for name in names ?? [] { _ = try layer(named: name) }
    let chosen = names.map(Set.init)
    let owners = Dictionary(
      layers.flatMap { layer in layer.parameters.map { ($0.name, layer.name) } }, uniquingKeysWith: { first, _ in first })
    return mappingParameters { parameter in
      guard let owner = owners[parameter.name], chosen?.contains(owner) ?? true else { return parameter.value }
      var random = RandomSource(seed: seed ^ fingerprint(of: parameter.name))
      guard let values = parameter.initialization.values(parameter.value.shape, &random) else { return parameter.value }
      return NDArray(values, shape: parameter.value.shape).converted(to: parameter.value.dtype)
    }
  }
}
