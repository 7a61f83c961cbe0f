import Networks

/// Features of a network each of which depends on one channel at most, and the affine map behind them, if there is one: a late
/// fusion keeps channels apart until its last layer.
struct SeparableFeatures: Sendable {
  /// The network up to them.
  let network: Network
  /// The features that depend on each channel, as places in the flattened features of a cell.
  let blocks: [[Int]]
  /// From features to embedding; `nil` where they are the same.
  let map: AffineMap?

  /// `nil` if channels meet before the last affine layers.
  init?(_ network: Network, inputShape: Shape) throws(NetworkError) {
    var end = network.outputs[0].value
    var behind: [Layer] = []
    var sources: [Int?] = []
    while true {
      if end.index == 0, case .separate(let found) = try network.channelDependence(of: end.source, inputShape: inputShape) {
        sources = found
        break
      }
      guard end.index == 0, let layer = network.layers.first(where: { $0.name == end.source }), AffineMap.isAffine(layer),
        let input = layer.inputs[0]
      else { return nil }
      behind.insert(layer, at: 0)
      end = input
    }
    self.network = try network.withOutputs([end.source])
    let probe = try self.network(Tensor(.zeros(inputShape, dtype: network.dtype ?? .float32)))
    guard probe.rank >= 2, probe.shape[1] == sources.count, probe.count > 0 else { return nil }
    // A feature map is as many features as it has pixels.
    let pixels = probe.count / sources.count
    var blocks = [[Int]](repeating: [], count: inputShape[1])
    for (feature, source) in sources.enumerated() {
      if let source { blocks[source] += feature * pixels..<(feature + 1) * pixels }
    }
    self.blocks = blocks
    if behind.isEmpty {
      map = nil
    } else {
      let layers = try Network(inputs: [NetworkInput(end.source, shape: nil)], layers: behind, outputs: network.outputs)
      guard let map = try AffineMap(layers, from: probe.shape) else { return nil }
      self.map = map
    }
  }
}

/// y ↦ y·matrix + offset in float64, read off a chain of affine layers.
struct AffineMap: Sendable {
  /// [features, outputs].
  let matrix: NDArray
  /// [1, outputs].
  let offset: NDArray

  /// Features up to which the matrix is worth its memory.
  private static let limit = 4096

  /// Whether a layer in evaluation is linear but for a constant.
  static func isAffine(_ layer: Layer) -> Bool {
    guard layer.inputs.count == 1 else { return false }
    return switch layer.operation {
    case is Convolution, is Linear, is BatchNormalization, is Flattening, is Identity, is Dropout, is GlobalAveragePooling,
      is AveragePooling, is AdaptiveAveragePooling:
      true
    default: false
    }
  }

  /// - Parameters:
  ///   - layers: affine, of one input.
  ///   - shape: of that input for one cell.
  /// `nil` if there are too many features.
  init?(_ layers: Network, from shape: Shape) throws(NetworkError) {
    let count = shape.elementCount
    guard count <= Self.limit else { return nil }
    let units = NDArray.building([count, count], as: Double.self) { output in
      output.initialize(repeating: 0)
      for index in 0..<count { output[index * count + index] = 1 }
    }
    let (network, rest) = (layers.converted(to: .float64), Array(shape.dropFirst()))
    let zero = try network(Tensor(.zeros(Shape([1] + rest), dtype: .float64)))
    let images = try network(Tensor(units).reshaped(to: Shape([count] + rest)))
    let outputs = zero.count
    offset = zero.reshaped(to: [1, outputs]).value
    matrix = (images.reshaped(to: [count, outputs]) - Tensor(offset)).value
  }

  /// [cells, features] to [cells, outputs].
  func callAsFunction(_ features: Tensor) -> Tensor { matmul(features, Tensor(matrix)) + Tensor(offset) }

  /// The same in the precision of `features`, some rows at a time.
  func mapping(_ features: NDArray) -> NDArray {
    let step = 1024
    let parts = stride(from: 0, to: features.shape[0], by: step).map { first -> Tensor in
      let rows = Tensor(features).sliced(0, from: first, to: min(first + step, features.shape[0]))
      return Tensor(self(Tensor(rows.value.converted(to: .float64))).value.converted(to: features.dtype))
    }
    return parts.count == 1 ? parts[0].value : concatenated(parts, along: 0).value
  }
}
