import CKernels

/// y = a ∘ b as `bool`, broadcast, for a comparison ∘. Not differentiable.
struct Compare: Primitive {
  let comparison: Comparison

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    guard inputs[0].dtype == inputs[1].dtype else {
      throw .dtype(name, "\(inputs[0].dtype) and \(inputs[1].dtype) do not mix; convert one of them")
    }
    return [Signature(try Shape.broadcast(inputs[0].shape, inputs[1].shape, operation: name), .bool)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] {
    // Integers compare as doubles, which is exact up to 2⁵³.
    let operands = inputs.map { $0.dtype.isFloating ? $0 : $0.converted(to: .float64) }
    return [NDArray.compare(comparison, operands[0], operands[1])]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [nil, nil] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [nil] }

  private static let labels = SampleInput.fixed(NDArray([1, 2] as [Int64], shape: [2]))

  static let samples = [
    Sample(Compare(comparison: CK_LESS), .normal([3, 2]), .normal([2])),
    Sample(Compare(comparison: CK_EQUAL), .normal([]), .normal([1])),
    Sample(Compare(comparison: CK_GREATER_EQUAL), .zeros([0]), .normal([1])),
    Sample(Compare(comparison: CK_NOT_EQUAL), labels, labels),
  ]
  static let errorSamples = [
    ErrorSample(Compare(comparison: CK_LESS), [2], [3]),
    ErrorSample(Compare(comparison: CK_LESS), [Signature([2], .float32), Signature([2], .int32)]),
  ]
}

// Elementwise comparisons; shapes broadcast, the result is `bool`. Comparisons with NaN are false, except `.!=`.
extension Tensor {
  /// Where a is below b: bool; shapes broadcast.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { Compare(comparison: CK_LESS)(a, b) }
  /// Where a is at most b: bool; shapes broadcast.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { Compare(comparison: CK_LESS_EQUAL)(a, b) }
  /// Where a is above b: bool; shapes broadcast.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { Compare(comparison: CK_GREATER)(a, b) }
  /// Where a is at least b: bool; shapes broadcast.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { Compare(comparison: CK_GREATER_EQUAL)(a, b) }
  /// Where a equals b: bool; shapes broadcast.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { Compare(comparison: CK_EQUAL)(a, b) }
  /// Where a differs from b: bool; shapes broadcast.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { Compare(comparison: CK_NOT_EQUAL)(a, b) }

  /// Where x is below `value`: bool, of the shape of x.
  public static func .< (x: Tensor, value: Double) -> Tensor { x.compared(CK_LESS, value) }
  /// Where x is at most `value`: bool, of the shape of x.
  public static func .<= (x: Tensor, value: Double) -> Tensor { x.compared(CK_LESS_EQUAL, value) }
  /// Where x is above `value`: bool, of the shape of x.
  public static func .> (x: Tensor, value: Double) -> Tensor { x.compared(CK_GREATER, value) }
  /// Where x is at least `value`: bool, of the shape of x.
  public static func .>= (x: Tensor, value: Double) -> Tensor { x.compared(CK_GREATER_EQUAL, value) }
  /// Where x equals `value`: bool, of the shape of x.
  public static func .== (x: Tensor, value: Double) -> Tensor { x.compared(CK_EQUAL, value) }
  /// Where x differs from `value`: bool, of the shape of x.
  public static func .!= (x: Tensor, value: Double) -> Tensor { x.compared(CK_NOT_EQUAL, value) }

  private func compared(_ comparison: Comparison, _ value: Double) -> Tensor {
    // As doubles, so that an integer compares rightly with 2.5.
    let operand = dtype.isFloating ? self : converted(to: .float64)
    return Compare(comparison: comparison)(operand, Tensor(repeating: value, shape: [], dtype: operand.dtype))
  }
}
