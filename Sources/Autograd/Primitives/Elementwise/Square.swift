import CKernels

/// y = x²;  x̄ = 2x·ȳ
struct Square: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_SQUARE)] }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * (2 * pullback.input(0))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent * (2 * pushforward.input(0))] }

  static let samples = [
    Sample(Square(), .normal([3, 2])), Sample(Square(), .zeros([0])),
    Sample(Square(), .normal([1])), Sample(Square(), .normal([])),
  ]
  static let errorSamples = [ErrorSample(Square(), [2], dtype: .int32), ErrorSample(Square(), [2], dtype: .bool)]
}

/// x², elementwise.
public func square(_ x: Tensor) -> Tensor { Square()(x) }
