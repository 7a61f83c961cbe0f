import Autograd
import TensorCore

extension ONNXFunctions {
  /// Functions of several inputs, element by element with broadcasting. Integers are computed as integers, and wrap around.
  static let arithmetic: [String: Function] = [
    "Add": binary({ $0 + $1 }, { $0 &+ $1 }),
    "Sub": binary({ $0 - $1 }, { $0 &- $1 }),
    "Mul": binary({ $0 * $1 }, { $0 &* $1 }),
    "Div": divide,
    "Mod": modulo,
    "Pow": power,
    "Max": variadic({ maximum($0, $1) }, { max($0, $1) }),
    "Min": variadic({ minimum($0, $1) }, { min($0, $1) }),
    "Sum": variadic({ $0 + $1 }, { $0 &+ $1 }),
    "Mean": { call in
      let total = try variadic({ $0 + $1 }, { $0 &+ $1 })(call)
      return [try call.numeric(total[0]) { $0 / Double(call.inputCount) }]
    },
  ]

  /// Comparisons, logic, bits, choice. (Shifts and complements are not there: they depend on the width of integers in the file.)
  static let logic: [String: Function] = [
    "Equal": comparison { $0 .== $1 },
    "Less": comparison { $0 .< $1 },
    "LessOrEqual": comparison { $0 .<= $1 },
    "Greater": comparison { $0 .> $1 },
    "GreaterOrEqual": comparison { $0 .>= $1 },
    "And": integers { $0 & $1 },
    "Or": integers { $0 | $1 },
    "Xor": integers { $0 ^ $1 },
    "BitwiseAnd": integers { $0 & $1 },
    "BitwiseOr": integers { $0 | $1 },
    "BitwiseXor": integers { $0 ^ $1 },
    "Not": { call in
      let x = try call.input(0)
      guard x.dtype == .bool else { throw TensorError.dtype(call.name, "expected truth values, found \(x.dtype)") }
      return [call.tensor(call.integers(x, as: x.shape).map { 1 - $0 }, x.shape, .bool)]
    },
    "Where": choice,
  ]

  private typealias OfTensors = @Sendable (Tensor, Tensor) -> Tensor
  private typealias OfIntegers = @Sendable (Int64, Int64) -> Int64

  private static func binary(_ floating: @escaping OfTensors, _ integer: @escaping OfIntegers) -> Function {
    { call in
      let (a, b) = try operands(call)
      return [try combine(call, a, b, floating, integer)]
    }
  }

  private static func variadic(_ floating: @escaping OfTensors, _ integer: @escaping OfIntegers) -> Function {
    { call in
      let inputs = try call.inputs()
      var result = inputs[0]
      for input in inputs.dropFirst() { result = try combine(call, result, input, floating, integer) }
      return [result]
    }
  }

  private static func integers(_ integer: @escaping OfIntegers) -> Function {
    { call in
      let (a, b) = try operands(call)
      guard !a.dtype.isFloating else { throw TensorError.dtype(call.name, "expected integers or truth values, found \(a.dtype)") }
      return [try combine(call, a, b, { a, _ in a }, integer)]
    }
  }

  private static func comparison(_ compare: @escaping OfTensors) -> Function {
    { call in
      let (a, b) = try operands(call)
      _ = try call.broadcast([a.shape, b.shape])
      guard a.dtype == b.dtype else { throw mixed(call, a, b) }
      return [compare(a, b)]
    }
  }

  private static func operands(_ call: OperatorCall) throws -> (Tensor, Tensor) {
    // Before version 7 shapes were aligned by an attribute.
    if call.version < 7, try call.int("broadcast") != 0 {
      throw call.error("found broadcasting of operator sets before version 7, expected version 9 or newer")
    }
    return (try call.input(0), try call.input(1))
  }

  private static func combine(
    _ call: OperatorCall, _ a: Tensor, _ b: Tensor, _ floating: OfTensors, _ integer: OfIntegers
  ) throws -> Tensor {
    let shape = try call.broadcast([a.shape, b.shape])
    guard a.dtype == b.dtype else { throw mixed(call, a, b) }
    if a.dtype.isFloating { return floating(a, b) }
    let (x, y) = (call.integers(a, as: shape), call.integers(b, as: shape))
    return call.tensor(zip(x, y).map { integer($0, $1) }, shape, a.dtype)
  }

  private static func mixed(_ call: OperatorCall, _ a: Tensor, _ b: Tensor) -> TensorError {
    .dtype(call.name, "expected inputs of one element type, found \(a.dtype) and \(b.dtype)")
  }

  /// Of integers, towards zero.
  private static let divide: Function = { call in
    let (a, b) = try operands(call)
    if !b.dtype.isFloating, b.doubles.contains(0) { throw call.error("found a division of integers by 0") }
    return [try combine(call, a, b, { $0 / $1 }, { $0.dividedReportingOverflow(by: $1).partialValue })]
  }

  /// With the sign of the divisor; with that of the dividend where `fmod` is set.
  private static let modulo: Function = { call in
    let (a, b) = try operands(call)
    let truncated = try call.flag("fmod")
    if !b.dtype.isFloating, b.doubles.contains(0) { throw call.error("found a division of integers by 0") }
    return [
      try combine(call, a, b, { remainder($0, $1, truncated: truncated) }) { x, y in
        let rest = x.remainderReportingOverflow(dividingBy: y).partialValue
        return truncated || rest == 0 || (rest < 0) == (y < 0) ? rest : rest + y
      }
    ]
  }

  private static func remainder(_ a: Tensor, _ b: Tensor, truncated: Bool) -> Tensor {
    let quotient = a / b
    let rest = a - (truncated ? sign(quotient) * floor(abs(quotient)) : floor(quotient)) * b
    // Of division by infinity all of the dividend is left, or the divisor if it must have its sign.
    let whole = truncated ? a : select(where: a * sign(b) .< 0, b, else: a)
    return select(where: abs(b) .== .infinity, whole, else: rest)
  }

  /// The exponent may be of another type than the base, which gives the result its own.
  private static let power: Function = { call in
    let (base, exponent) = try operands(call)
    let shape = try call.broadcast([base.shape, exponent.shape])
    return [
      try call.numeric(base) { x in
        // A constant exponent has simpler derivatives, which are right at 0, too.
        if exponent.count == 1, !exponent.isRecorded { return pow(x, exponent.doubles[0]).broadcast(to: shape) }
        return pow(x, exponent.converted(to: x.dtype))
      }
    ]
  }

  private static let choice: Function = { call in
    let (condition, a, b) = (try call.input(0), try call.input(1), try call.input(2))
    let shape = try call.broadcast([condition.shape, a.shape, b.shape])
    guard condition.dtype == .bool else { throw TensorError.dtype(call.name, "expected truth values, found \(condition.dtype)") }
    guard a.dtype == b.dtype else { throw mixed(call, a, b) }
    if a.dtype.isFloating { return [select(where: condition, a, else: b)] }
    let (x, y) = (call.integers(a, as: shape), call.integers(b, as: shape))
    let values = call.integers(condition, as: shape).enumerated().map { $1 != 0 ? x[$0] : y[$0] }
    return [call.tensor(values, shape, a.dtype)]
  }
}
