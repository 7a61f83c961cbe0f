/// A case on which the generic tests run an operation.
public struct Sample: Sendable {
  /// The operation with its parameters.
  public let primitive: any Primitive
  /// How to draw each input.
  public let inputs: [SampleInput]
  /// Removes gauge freedom before comparison (eigenvectors are defined up to sign).
  public let observe: (@Sendable ([Tensor]) throws -> [Tensor])?
  /// Whether second derivatives exist and are checked.
  public let secondOrder: Bool

  public init(
    _ primitive: any Primitive, _ inputs: SampleInput..., secondOrder: Bool = true,
    observe: (@Sendable ([Tensor]) throws -> [Tensor])? = nil
  ) {
    self.primitive = primitive
    self.inputs = inputs
    self.observe = observe
    self.secondOrder = secondOrder
  }
}

/// Inputs that an operation must refuse.
public struct ErrorSample: Sendable {
  public let primitive: any Primitive
  public let inputs: [Signature]

  public init(_ primitive: any Primitive, _ shapes: Shape..., dtype: DType = .float64) {
    self.init(primitive, shapes.map { Signature($0, dtype) })
  }

  public init(_ primitive: any Primitive, _ inputs: [Signature]) {
    self.primitive = primitive
    self.inputs = inputs
  }
}

/// How to draw one input of a ``Sample``: a shape and the domain on which the operation is smooth.
public enum SampleInput: Sendable {
  /// Standard normal.
  case normal(Shape)
  /// Uniform in [lower, upper).
  case uniform(Double, Double, Shape)
  /// Of either sign, at least `margin` from zero: for kinks at zero.
  case awayFromZero(Shape, margin: Double = 0.2)
  /// A shuffled ladder with steps of 0.5: no two values close, for order statistics.
  case distinct(Shape)
  case zeros(Shape)
  /// Symmetric matrices [batch…, n, n] whose eigenvalues are at least 0.5 apart.
  case symmetricWithGap(Shape)
  /// Symmetric matrices [batch…, n, n] with eigenvalues from 1 on, at least 0.5 apart.
  case positiveDefinite(Shape)
  /// Matrices [batch…, m, n] with singular values from 1 on, at least 0.5 apart.
  case wellConditioned(Shape)
  /// Given values, for example indices; never converted.
  case fixed(NDArray)

  /// The values; floating-point ones in `dtype`.
  public func values(_ dtype: DType, _ random: inout RandomSource) -> NDArray {
    let (shape, values): (Shape, [Double])
    switch self {
    case .fixed(let array): return array
    case .normal(let s): (shape, values) = (s, random.normals(s.elementCount))
    case .zeros(let s): (shape, values) = (s, Array(repeating: 0, count: s.elementCount))
    case .uniform(let lower, let upper, let s):
      (shape, values) = (s, (0..<s.elementCount).map { _ in lower + (upper - lower) * random.uniform() })
    case .awayFromZero(let s, let margin):
      (shape, values) = (s, random.normals(s.elementCount).map { $0 < 0 ? $0 - margin : $0 + margin })
    case .distinct(let s):
      let ladder = (0..<s.elementCount).map { (Double($0) - Double(s.elementCount) / 2) * 0.5 + 0.1 }
      (shape, values) = (s, ladder.shuffled(using: &random))
    case .symmetricWithGap(let s):
      let n = s.last ?? 0
      (shape, values) = (s, Self.matrices(s, &random) { Double($0) - Double(n) / 2 + $1 })
    case .positiveDefinite(let s): (shape, values) = (s, Self.matrices(s, &random) { 1 + Double($0) + $1 })
    case .wellConditioned(let s):
      (shape, values) = (s, Self.matrices(s, isSymmetric: false, &random) { 1 + Double($0) + $1 })
    }
    return NDArray(values, shape: shape).converted(to: dtype)
  }

  /// U·diag(value(0), value(1), …)·Vᵀ with orthonormal U and V, the same if symmetric. `value` gets its place and a
  /// disturbance in 0..<0.3.
  private static func matrices(
    _ shape: Shape, isSymmetric: Bool = true, _ random: inout RandomSource, value: (Int, Double) -> Double
  ) -> [Double] {
    guard shape.elementCount > 0 else { return [] }
    let (m, n) = (shape[shape.rank - 2], shape[shape.rank - 1])
    let k = min(m, n)
    var result: [Double] = []
    for _ in 0..<shape.elementCount / (m * n) {
      let u = orthonormal(k, of: m, &random)
      let v = isSymmetric ? u : orthonormal(k, of: n, &random)
      let values = (0..<k).map { value($0, 0.3 * random.uniform()) }
      for i in 0..<m {
        for j in 0..<n { result.append((0..<k).reduce(0) { $0 + values[$1] * u[$1][i] * v[$1][j] }) }
      }
    }
    return result
  }

  /// Gram–Schmidt on normal vectors.
  private static func orthonormal(_ count: Int, of n: Int, _ random: inout RandomSource) -> [[Double]] {
    var basis: [[Double]] = []
    while basis.count < count {
      var v = random.normals(n)
      for u in basis {
        let overlap = zip(u, v).reduce(0) { $0 + $1.0 * $1.1 }
        v = zip(v, u).map { $0 - overlap * $1 }
      }
      let norm = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
      if norm > 0.1 { basis.append(v.map { $0 / norm }) }
    }
    return basis
  }
}
