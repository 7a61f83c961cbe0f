/// y = scale·x + shift with constant scale and shift;  x̄ = scale·ȳ.  How scalars combine with tensors.
struct Affine: Primitive {
  let scale: Double
  let shift: Double

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().affine(scale: scale, shift: shift)] }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * scale] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent * scale] }

  static let samples = [
    Sample(Affine(scale: -2, shift: 0.5), .normal([3, 2])), Sample(Affine(scale: 3, shift: 0), .zeros([0])),
    Sample(Affine(scale: 3, shift: 1), .normal([])),
  ]
  static let errorSamples = [ErrorSample(Affine(scale: 1, shift: 0), [2], dtype: .bool)]
}

extension Tensor {
  /// Every element times a number.
  public static func * (x: Tensor, scale: Double) -> Tensor { Affine(scale: scale, shift: 0)(x) }
  /// Every element times a number.
  public static func * (scale: Double, x: Tensor) -> Tensor { Affine(scale: scale, shift: 0)(x) }
  /// A number added to every element.
  public static func + (x: Tensor, shift: Double) -> Tensor { Affine(scale: 1, shift: shift)(x) }
  /// A number added to every element.
  public static func + (shift: Double, x: Tensor) -> Tensor { Affine(scale: 1, shift: shift)(x) }
  /// A number taken from every element.
  public static func - (x: Tensor, shift: Double) -> Tensor { Affine(scale: 1, shift: -shift)(x) }
  /// Every element taken from a number.
  public static func - (shift: Double, x: Tensor) -> Tensor { Affine(scale: -1, shift: shift)(x) }
  /// Every element with the other sign.
  public static prefix func - (x: Tensor) -> Tensor { Affine(scale: -1, shift: 0)(x) }
}
