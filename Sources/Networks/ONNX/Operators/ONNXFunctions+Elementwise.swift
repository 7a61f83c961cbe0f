import Autograd
import TensorCore

extension ONNXFunctions {
  /// Functions of one input, element by element.
  static let elementwise: [String: Function] = [
    "Abs": unary { abs($0) },
    "Neg": unary { -$0 },
    "Sign": unary { sign($0) },
    "Sqrt": unary { sqrt($0) },
    "Exp": unary { exp($0) },
    "Log": unary { log($0) },
    "Sin": unary { sin($0) },
    "Cos": unary { cos($0) },
    "Tan": unary { sin($0) / cos($0) },
    "Sinh": unary { 0.5 * (expm1($0) - expm1(-$0)) },
    "Cosh": unary { 0.5 * (exp($0) + exp(-$0)) },
    "Tanh": unary { tanh($0) },
    "Asinh": unary { sign($0) * log(abs($0) + sqrt(square($0) + 1)) },
    "Acosh": unary { log($0 + sqrt(square($0) - 1)) },
    "Atanh": unary { 0.5 * (log1p($0) - log1p(-$0)) },
    "Erf": unary { erf($0) },
    "Reciprocal": unary { 1 / $0 },
    "Floor": unary { floor($0) },
    "Ceil": unary { -floor(-$0) },
    "Round": unary(roundedToEven),
    "Relu": unary { relu($0) },
    "Sigmoid": unary { sigmoid($0) },
    "HardSwish": unary { hardSwish($0) },
    "Softplus": unary { softplus($0) },
    "Softsign": unary { $0 / (abs($0) + 1) },
    "Mish": unary { $0 * tanh(softplus($0)) },
    "Identity": { [try $0.input(0)] },
    "Gelu": gelu,
    "Swish": { call in
      let (x, alpha) = (try call.floating(0), try call.float("alpha", 1))
      return [x * sigmoid(alpha * x)]
    },
    "LeakyRelu": { [leakyRelu(try $0.floating(0), slope: try $0.float("alpha", 0.01))] },
    "PRelu": prelu,
    "Elu": { [elu(try $0.floating(0), alpha: try $0.float("alpha", 1))] },
    "Selu": { call in
      let (alpha, gamma) = (try call.float("alpha", 1.673_263_242_354_377_2), try call.float("gamma", 1.050_700_987_355_480_5))
      return [gamma * elu(try call.floating(0), alpha: alpha)]
    },
    "Celu": { call in
      let (x, alpha) = (try call.floating(0), try call.float("alpha", 1))
      return [relu(x) + alpha * expm1(minimum(x, 0) / alpha)]
    },
    "ThresholdedRelu": { call in
      let (x, alpha) = (try call.floating(0), try call.float("alpha", 1))
      return [select(where: x .> alpha, x, else: 0)]
    },
    "Shrink": { call in
      let (lambda, bias) = (try call.float("lambd", 0.5), try call.float("bias", 0))
      return [
        try call.numeric(try call.input(0)) { x in
          select(where: x .> lambda, x - bias, else: select(where: x .< -lambda, x + bias, else: 0))
        }
      ]
    },
    "HardSigmoid": { call in
      let (alpha, beta) = (try call.float("alpha", 0.2), try call.float("beta", 0.5))
      return [minimum(maximum(alpha * (try call.floating(0)) + beta, 0), 1)]
    },
    "Clip": clip,
    "Dropout": dropout,
    "Cast": cast,
    "CastLike": { call in [try call.converted(call.input(0), to: call.input(1).dtype)] },
    "IsNaN": { call in
      let x = try call.floating(0)
      return [x .!= x]
    },
    "IsInf": isInfinite,
  ]

  private static func unary(_ body: @escaping @Sendable (Tensor) -> Tensor) -> Function {
    { call in [try call.numeric(try call.input(0), body)] }
  }

  /// Halves go to the even neighbour. Piecewise constant: the derivative is 0.
  private static let roundedToEven: @Sendable (Tensor) -> Tensor = { x in
    let values = x.doubles.map { $0.rounded(.toNearestOrEven) }
    return Tensor(NDArray(values, shape: x.shape).converted(to: x.dtype))
  }

  private static let gelu: Function = { call in
    let x = try call.floating(0)
    switch try call.string("approximate", "none") {
    case "none": return [Autograd.gelu(x)]
    // Hendrycks & Gimpel (2016), section 2.
    case "tanh": return [0.5 * x * (1 + tanh(0.797_884_560_802_865_4 * (x + 0.044715 * x * square(x))))]
    case let other: throw call.error("found the approximation '\(other)', expected 'none' or 'tanh'")
    }
  }

  private static let prelu: Function = { call in
    let (x, slope) = (try call.input(0), try call.input(1))
    guard try call.broadcast([x.shape, slope.shape]) == x.shape, x.dtype == slope.dtype else {
      throw TensorError.shape(call.name, "the slope \(slope.dtype)\(slope.shape) does not fit \(x.dtype)\(x.shape)")
    }
    return [
      try call.numeric(x) { x in
        select(where: x .< 0, x * slope.converted(to: x.dtype), else: x)
      }
    ]
  }

  /// Bounds are attributes in versions before 11, inputs from then on.
  private static let clip: Function = { call in
    let x = try call.input(0)
    var (lower, upper) = (try call.optionalNumber(1), try call.optionalNumber(2))
    if call.version < 11 {
      let bound = Double(Float.greatestFiniteMagnitude)
      (lower, upper) = (try call.float("min", -bound), try call.float("max", bound))
    }
    return [
      try call.numeric(x) { x in
        let raised = lower.map { maximum(x, $0) } ?? x
        return upper.map { minimum(raised, $0) } ?? raised
      }
    ]
  }

  /// Nothing, in evaluation; the mask is all true.
  private static let dropout: Function = { call in
    let x = try call.input(0)
    if case .training = call.arguments.mode { throw call.error("dropout of an ONNX file cannot be trained") }
    if let training = try call.optionalNumber(2), training != 0, (try call.optionalNumber(1) ?? 0.5) != 0 {
      throw call.error("found dropout in training mode, expected evaluation")
    }
    return call.outputCount > 1 ? [x, Tensor(repeating: 1, shape: x.shape, dtype: .bool)] : [x]
  }

  /// `like`, a parameter that the reader adds, has the network's precision.
  private static let cast: Function = { call in
    guard let target = ONNXTypes.dtype(try call.int("to")) else {
      throw call.error("found a conversion to type \(try call.int("to")), expected a number or truth value")
    }
    let x = try call.input(0)
    if target.isFloating { return [try call.converted(x, to: call.arguments.parameter("like")?.dtype ?? target)] }
    return [try call.converted(x, to: target)]
  }

  private static let isInfinite: Function = { call in
    let x = try call.floating(0)
    let (negative, positive) = (try call.flag("detect_negative", true), try call.flag("detect_positive", true))
    let values = x.doubles.map { $0 == .infinity && positive || $0 == -.infinity && negative }
    return [Tensor(NDArray(values, shape: x.shape))]
  }
}

extension OperatorCall {
  /// A conversion as the network sees it: between floating-point types there is none.
  func converted(_ x: Tensor, to dtype: DType) throws(TensorError) -> Tensor {
    x.dtype.isFloating && dtype.isFloating ? x : x.converted(to: dtype)
  }
}

/// The numbers of element types in attributes.
enum ONNXTypes {
  /// The element type in which values of type `number` are held here; `nil` for text, complex numbers and the like.
  static func dtype(_ number: Int) -> DType? {
    switch number {
    case 1, 10, 16: .float32
    case 11: .float64
    case 2: .uint8
    case 3, 4, 5, 6: .int32
    case 7, 12, 13: .int64
    case 9: .bool
    default: nil
    }
  }
}
