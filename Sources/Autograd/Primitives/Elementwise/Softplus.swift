import CKernels

/// y = ln(1 + eˣ);  x̄ = ȳ·σ(x). Of its own, because max(x, 0) + ln(1 + e^−|x|) has the right value but no derivative at 0.
struct Softplus: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_SOFTPLUS)] }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * sigmoid(pullback.input(0))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent * sigmoid(pushforward.input(0))] }

  static let samples = [
    Sample(Softplus(), .normal([3, 2])), Sample(Softplus(), .zeros([0])), Sample(Softplus(), .zeros([2])),
    Sample(Softplus(), .normal([1])), Sample(Softplus(), .normal([])),
  ]
  static let errorSamples = [ErrorSample(Softplus(), [2], dtype: .int32), ErrorSample(Softplus(), [2], dtype: .bool)]
}

/// ln(1 + e^βx)/β, elementwise: a smooth ``relu(_:)``, without overflow or loss of small values at either end.
///
/// - Parameters:
///   - x: float32 or float64.
///   - beta: sharpness β (default 1). Traps unless it is positive.
public func softplus(_ x: Tensor, beta: Double = 1) -> Tensor {
  if !(beta > 0) { fail(.argument(Softplus.name, "beta must be positive, found \(beta)")) }
  return beta == 1 ? Softplus()(x) : Softplus()(x * beta) / beta
}
