/// y = op(a)·op(b) over the last two axes, leading axes broadcast; op transposes on the fly, without a copy
struct MatMul: Primitive {
  var transposeA = false
  var transposeB = false

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    let (a, b) = (inputs[0].shape, inputs[1].shape)
    guard a.rank >= 2, b.rank >= 2 else { throw .shape(name, "expected matrices, found \(a) and \(b)") }
    let (m, k) = transposeA ? (a[a.rank - 1], a[a.rank - 2]) : (a[a.rank - 2], a[a.rank - 1])
    let (l, n) = transposeB ? (b[b.rank - 1], b[b.rank - 2]) : (b[b.rank - 2], b[b.rank - 1])
    guard k == l else {
      throw .shape(name, "\(a)\(transposeA ? "ᵀ" : "") · \(b)\(transposeB ? "ᵀ" : ""): inner sizes \(k) and \(l) differ")
    }
    let batch = try Shape.broadcast(Shape(Array(a.dropLast(2))), Shape(Array(b.dropLast(2))), operation: name)
    return [Signature(Shape(batch.extents + [m, n]), dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] {
    [NDArray.matmul(inputs[0], inputs[1], transposeA: transposeA, transposeB: transposeB)]
  }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    // With A = op(a), B = op(b): Ā = ȲBᵀ and B̄ = AᵀȲ, each transposed back if its operand was.
    let y = pullback.cotangent
    return try pullback.forNeeded(
      {
        let b = pullback.input(1)
        let a =
          transposeA ? b.matmul(y, transpose: transposeB, true) : y.matmul(b, transpose: false, !transposeB)
        return a.summed(to: pullback.signature(0).shape)
      },
      {
        let a = pullback.input(0)
        let b =
          transposeB ? y.matmul(a, transpose: true, transposeA) : a.matmul(y, transpose: !transposeA, false)
        return b.summed(to: pullback.signature(1).shape)
      })
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    [
      try pushforward.sum(
        { $0.matmul(pushforward.input(1), transpose: transposeA, transposeB) },
        { pushforward.input(0).matmul($0, transpose: transposeA, transposeB) })
    ]
  }

  static let samples = [
    Sample(MatMul(), .normal([3, 2]), .normal([2, 4])), Sample(MatMul(transposeA: true), .normal([2, 3]), .normal([2, 4])),
    Sample(MatMul(transposeB: true), .normal([3, 2]), .normal([4, 2])),
    Sample(MatMul(transposeA: true, transposeB: true), .normal([2, 3]), .normal([4, 2])),
    Sample(MatMul(), .normal([2, 1, 3, 2]), .normal([3, 2, 2])), Sample(MatMul(), .zeros([0, 2]), .normal([2, 3])),
    Sample(MatMul(), .zeros([3, 0]), .zeros([0, 2])), Sample(MatMul(), .normal([1, 1]), .normal([1, 1])),
  ]
  static let errorSamples = [
    ErrorSample(MatMul(), [2, 3], [2, 3]), ErrorSample(MatMul(), [3], [3, 2]), ErrorSample(MatMul(), [2, 3, 2], [3, 2, 2]),
    ErrorSample(MatMul(), [Signature([2, 2], .float32), Signature([2, 2], .float64)]),
  ]
}

extension Tensor {
  func matmul(_ other: Tensor, transpose transposeA: Bool, _ transposeB: Bool) -> Tensor {
    MatMul(transposeA: transposeA, transposeB: transposeB)(self, other)
  }
}

/// Matrix product over the last two axes; leading axes broadcast. Transposed operands are read in place.
///
/// - Parameters:
///   - a: [batch…, m, k], or [batch…, k, m] with `transposeA`.
///   - b: [batch…, k, n], or [batch…, n, k] with `transposeB`.
///   - transposeA: whether `a` is used transposed. Default: no.
///   - transposeB: whether `b` is used transposed. Default: no.
/// - Returns: [batch…, m, n].
public func matmul(_ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false) -> Tensor {
  a.matmul(b, transpose: transposeA, transposeB)
}
