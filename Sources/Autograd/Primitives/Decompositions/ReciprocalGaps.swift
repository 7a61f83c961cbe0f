/// F_ij = 1/(λ_j − λ_i), and 0 where the two count as equal;  Ḟ_ij = −F_ij²(λ̇_j − λ̇_i)
///
/// What divides in the derivative of eigenvectors; an operation of its own, so that the derivative can be differentiated again.
struct ReciprocalGaps: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    guard let n = inputs[0].shape.last else { throw .shape(name, "expected [batch…, n], found a scalar") }
    return [Signature(Shape(inputs[0].shape.extents + [n]), dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] {
    let (values, n) = (inputs[0].doubles, inputs[0].shape.last ?? 0)
    let tolerance = RepeatedEigenvalues.gapTolerance(inputs[0].dtype)
    let shape = Shape(inputs[0].shape.extents + [n])
    let result = NDArray.building(shape, as: Double.self) { output in
      for matrix in 0..<(n == 0 ? 0 : values.count / n) {
        let row = values[matrix * n..<(matrix + 1) * n]
        let norm = row.reduce(0) { max($0, abs($1)) }
        for (i, lower) in row.enumerated() {
          for (j, upper) in row.enumerated() {
            let reciprocal = 1 / (upper - lower)
            // A gap of subnormal numbers has no finite reciprocal.
            let isOpen = abs(upper - lower) > tolerance * norm && reciprocal.isFinite
            output[(matrix * n + i) * n + j] = isOpen ? reciprocal : 0
          }
        }
      }
    }
    return [result.converted(to: inputs[0].dtype)]
  }
  var saves: Saved { .outputs }
  func vjp(_ pullback: Pullback) -> [Tensor?] {
    let f = pullback.output(0)
    let weighted = pullback.cotangent * f * f
    return [weighted.sum(along: [-1]) - weighted.sum(along: [-2])]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] {
    let (f, tangent) = (pushforward.output(0), pushforward.tangent)
    let (batch, n) = (tangent.shape.extents.dropLast(), tangent.shape[tangent.rank - 1])
    let difference = tangent.reshaped(to: Shape(batch + [n, 1])) - tangent.reshaped(to: Shape(batch + [1, n]))
    return [f * f * difference]
  }

  static let samples = [
    Sample(ReciprocalGaps(), .distinct([4])), Sample(ReciprocalGaps(), .distinct([2, 3])),
    Sample(ReciprocalGaps(), .normal([1])), Sample(ReciprocalGaps(), .zeros([0])), Sample(ReciprocalGaps(), .zeros([2, 0])),
  ]
  static let errorSamples = [ErrorSample(ReciprocalGaps(), []), ErrorSample(ReciprocalGaps(), [3], dtype: .int64)]
}
