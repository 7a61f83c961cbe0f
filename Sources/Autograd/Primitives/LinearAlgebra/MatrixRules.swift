// What the operations on matrices [batch…, m, n] share.

extension Primitive {
  /// One floating-point input of square matrices.
  func inferSquare(_ inputs: [Signature]) throws(TensorError) -> Signature {
    let dtype = try floatingDType(inputs)
    let shape = inputs[0].shape
    guard shape.rank >= 2, shape[shape.rank - 1] == shape[shape.rank - 2] else {
      throw .shape(name, "expected square matrices [batch…, n, n], found \(shape)")
    }
    return Signature(shape, dtype)
  }

  /// Square matrices [batch…, n, n] and right sides [batch…, n, k] of the same batch.
  func inferSystem(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let (a, b) = (try inferSquare(inputs).shape, inputs[1].shape)
    guard b.rank == a.rank, b.dropLast() == a.dropLast() else {
      throw .shape(name, "expected right sides [batch…, n, k] for matrices \(a), found \(b)")
    }
    return [inputs[1]]
  }
}

/// Both with their batch axes broadcast to a common batch.
func broadcastBatches(_ a: Tensor, _ b: Tensor, _ operation: String) throws(TensorError) -> (Tensor, Tensor) {
  guard a.rank >= 2, b.rank >= 2 else { throw .shape(operation, "expected matrices, found \(a.shape) and \(b.shape)") }
  let batch = try Shape.broadcast(
    Shape(Array(a.shape.dropLast(2))), Shape(Array(b.shape.dropLast(2))), operation: operation)
  return (
    a.broadcast(to: Shape(batch.extents + a.shape.suffix(2))), b.broadcast(to: Shape(batch.extents + b.shape.suffix(2)))
  )
}

extension Tensor {
  /// (C + Cᵀ)/2
  var symmetricPart: Tensor { (self + transposed) * 0.5 }
  /// (C − Cᵀ)/2
  var skewPart: Tensor { (self - transposed) * 0.5 }
  /// Σ over each matrix's entries, as [batch…, 1, 1].
  var matrixSum: Tensor { sum(along: [-2, -1], keepingAxes: true) }

  /// The entries of square matrices weighed by whether they stand below, on or above the diagonal.
  func weighed(below: Double, diagonal: Double, above: Double) -> Tensor {
    let n = shape[rank - 1]
    let weights = (0..<n * n).map { index -> Double in
      let (i, j) = (index / n, index % n)
      return i == j ? diagonal : i > j ? below : above
    }
    return self * Tensor(weights, shape: [n, n], dtype: dtype)
  }

  /// The unit matrix for square matrices like these, in each place of the batch.
  var unit: Tensor {
    let n = shape[rank - 1]
    let entries = (0..<n * n).map { $0 / n == $0 % n ? 1.0 : 0 }
    return Tensor(entries, shape: [n, n], dtype: dtype).broadcast(to: shape)
  }
}
