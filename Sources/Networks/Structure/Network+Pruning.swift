import Autograd
import TensorCore

/// How a filter of a convolution is taken out of a network.
public enum FilterAblation: String, Sendable, CaseIterable {
  /// Its values are zero where it ends: behind the batch normalisation and the activation that follow it alone.
  case output
  /// Its weights and bias are zero: what a batch normalisation behind it makes of zeros stays alive.
  case weights
}

extension Network {
  /// The layers with filters: convolutions whose kernel is a parameter, in the order of ``layers``.
  public var convolutions: [Layer] {
    layers.filter { $0.operation is Convolution && ($0.parameter("weight")?.rank ?? 0) >= 3 }
  }

  /// Where the filters of a convolution end: the last of the layers behind it that treat every channel by itself and that alone read
  /// what is before them (batch normalisation, activations, dropout); the convolution itself if there is none.
  public func filterEnd(of name: String) throws(NetworkError) -> String {
    try filterPath(of: name).last?.name ?? name
  }

  /// The layers from behind a convolution to where its filters end.
  private func filterPath(of name: String) throws(NetworkError) -> [Layer] {
    _ = try layer(named: name)
    var path: [Layer] = []
    var end = ValueReference(name)
    while !outputs.contains(where: { $0.value == end }) {
      let readers = layers.filter { layer in layer.inputs.contains { $0?.source == end.source } }
      guard readers.count == 1, readers[0].inputs.count(where: { $0 == end }) == 1, readers[0].inputs.first == end,
        Self.keepsFiltersApart(readers[0].operation)
      else { break }
      path.append(readers[0])
      end = ValueReference(readers[0].name)
    }
    return path
  }

  private static func keepsFiltersApart(_ operation: any LayerOperation) -> Bool {
    operation is BatchNormalization || operation is Activation || operation is Dropout || operation is Identity
  }

  /// The same network without some filters. Shapes stay: what is taken out is zero.
  ///
  /// Where the layers behind a filter make zero of zero, parameters are set to zero; where not (a sigmoid, a normalisation without
  /// parameters of its own), a layer `NAME.mask` is added.
  ///
  /// - Parameters:
  ///   - filters: by the names of convolutions.
  ///   - ablation: what is set to zero.
  /// - Throws: ``NetworkError`` for a layer that is no convolution, or a filter that it does not have.
  public func pruned(
    _ filters: [(layer: String, filters: [Int])], ablating ablation: FilterAblation = .output
  ) throws(NetworkError) -> Network {
    var zeros: [String: [Int]] = [:]
    var masks: [Mask] = []
    for (name, chosen) in filters where !chosen.isEmpty {
      let layer = try layer(named: name)
      guard layer.operation is Convolution, let weight = layer.parameter("weight"), weight.rank >= 3 else {
        throw .unusable(source: "layer '\(name)'", found: layer.operation.name, expected: "a convolution with weights")
      }
      if let filter = chosen.first(where: { !(0..<weight.shape[0]).contains($0) }) {
        throw .unusable(
          source: "layer '\(name)'", found: "filter \(filter)", expected: "from 0 to \(weight.shape[0] - 1)")
      }
      let path = ablation == .output ? try filterPath(of: name) : []
      if ablation == .output && !isZeroOfZero(layer, path) {
        let shape = Shape([weight.shape[0]] + weight.shape.dropFirst(2).map { _ in 1 })
        masks.append(Mask(end: path.last?.name ?? name, shape: shape, filters: chosen))
        continue
      }
      for part in [layer] + path {
        for role in ["weight", "bias"] {
          if let parameter = part.parameters.first(where: { $0.role == role }) { zeros[parameter.name, default: []] += chosen }
        }
      }
    }
    let result = mappingParameters { parameter in
      zeros[parameter.name].map { parameter.value.zeroing(rows: $0) } ?? parameter.value
    }
    return masks.isEmpty ? result : try result.masked(masks)
  }

  /// Whether zero weights and biases, of the convolution and of the normalisations behind it, are zero at the end.
  private func isZeroOfZero(_ convolution: Layer, _ path: [Layer]) -> Bool {
    let isRead = path.allSatisfy { layer in
      if let activation = layer.operation as? Activation { return activation.function.isZeroAtZero }
      return !(layer.operation is BatchNormalization) || layer.parameter("weight") != nil && layer.parameter("bias") != nil
    }
    // Parameters that another layer has, too, must stay; and a bias may be an input.
    let names = Set(([convolution] + path).flatMap(\.parameters).map(\.name))
    let owners = layers.count { $0.parameters.contains { names.contains($0.name) } }
    let own = 1 + path.count { !$0.parameters.isEmpty }
    return isRead && owners == own && (convolution.inputs.count == 1 || convolution.inputs.dropFirst().allSatisfy { $0 == nil })
  }

  private struct Mask {
    let end: String
    /// Of what the filters' values are multiplied with: [filters, 1, …].
    let shape: Shape
    let filters: [Int]
  }

  private func masked(_ masks: [Mask]) throws(NetworkError) -> Network {
    var renamed: [String: String] = [:]
    var added: [String: [Layer]] = [:]
    for mask in masks {
      let end = mask.end
      var name = end + ".mask"
      while places[name] != nil { name += "2" }
      let ones = NDArray(repeating: 1, shape: mask.shape, dtype: dtype ?? .float32).zeroing(rows: mask.filters)
      let values = Parameter(name: name + ".value", role: "value", value: ones)
      // Not a weight: those are what a network has learnt.
      added[end] = [
        Layer(name: name + ".value", operation: Constant(), inputs: [], parameters: [values]),
        Layer(name: name, operation: Scale(), inputs: [ValueReference(end), ValueReference(name + ".value")]),
      ]
      renamed[end] = name
    }
    func moved(_ value: ValueReference) -> ValueReference {
      value.index == 0 ? renamed[value.source].map { ValueReference($0) } ?? value : value
    }
    var layers: [Layer] = []
    for layer in self.layers {
      layers.append(
        Layer(
          name: layer.name, operation: layer.operation, inputs: layer.inputs.map { input in input.map(moved) },
          parameters: layer.parameters))
      layers += added[layer.name] ?? []
    }
    return try Network(inputs: inputs, layers: layers, outputs: outputs.map { NetworkOutput($0.name, moved($0.value)) })
  }
}

extension Activation.Function {
  /// Whether it gives zero for zero.
  fileprivate var isZeroAtZero: Bool {
    switch self {
    case .relu, .relu6, .gelu, .geluTanh, .tanh, .silu, .hardSwish: true
    case .sigmoid, .softplus, .hardSigmoid: false
    }
  }
}

extension NDArray {
  /// The array with some entries of its first axis set to zero.
  fileprivate func zeroing(rows: [Int]) -> NDArray {
    withUnsafeBytes { source in
      NDArray.buildingBytes(shape, dtype) { target in
        target.copyMemory(from: source)
        let stride = source.count / max(1, shape[0])
        for row in rows {
          UnsafeMutableRawBufferPointer(rebasing: target[row * stride..<(row + 1) * stride]).initializeMemory(
            as: UInt8.self, repeating: 0)
        }
      }
    }
  }
}
