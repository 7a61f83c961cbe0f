import Autograd
import TensorCore

/// What the function of an ONNX operator sees: inputs and attributes, each checked when it is asked for.
struct OperatorCall {
  let operation: ONNXOperator
  let arguments: LayerArguments

  var name: String { operation.function }
  var version: Int { operation.version }
  var outputCount: Int { operation.outputCount }
  var inputCount: Int { arguments.inputs.count }

  /// Bytes that an operator may take for its result. A graph of a few bytes must not take all memory.
  static let byteLimit = 1 << 29
  /// No extent, and no number that becomes one, may be larger.
  static let elementLimit = 1 << 27

  /// The role of the parameter, and the name of the attribute, that stand for the input at `index`.
  static func role(_ index: Int) -> String { "input \(index)" }

  /// Operators whose second and third inputs, if constant, are a weight and a bias.
  static let weighted: Set<String> = ["Conv", "ConvTranspose", "Gemm", "MatMul"]

  /// The role of a floating-point constant as the input of an operator.
  static func role(_ index: Int, of function: String) -> String {
    weighted.contains(function) && 1...2 ~= index ? ["weight", "bias"][index - 1] : role(index)
  }

  func optional(_ index: Int) -> Tensor? {
    if let value = arguments.parameter(Self.role(index, of: name), orInput: index) { return value }
    guard case .array(let dtype, let shape, let values)? = operation.attributes[Self.role(index)],
      let dtype = DType.allCases.first(where: { "\($0)" == dtype }), (try? product(shape)) == values.count
    else { return nil }
    return tensor(values.map { Int64($0) }, Shape(shape), dtype)
  }

  func input(_ index: Int) throws(TensorError) -> Tensor {
    guard let value = optional(index) else { throw error("input \(index) is missing") }
    return value
  }

  /// All inputs, none of which may be missing.
  func inputs() throws(TensorError) -> [Tensor] {
    var result: [Tensor] = []
    for index in 0..<inputCount { result.append(try input(index)) }
    if result.isEmpty { throw error("found no inputs, expected at least one") }
    return result
  }

  /// An input that holds floating-point numbers.
  func floating(_ index: Int) throws(TensorError) -> Tensor {
    let value = try input(index)
    guard value.dtype.isFloating else {
      throw .dtype(name, "expected floating-point numbers in input \(index), found \(value.dtype)")
    }
    return value
  }

  /// The integers of an input; `nil` if it is left out.
  func optionalInts(_ index: Int) throws(TensorError) -> [Int]? {
    guard let value = optional(index) else { return nil }
    guard !value.dtype.isFloating else { throw .dtype(name, "expected integers in input \(index), found \(value.dtype)") }
    guard value.count <= 1 << 20 else { throw error("found \(value.count) integers in input \(index), expected a few") }
    return value.value.scalars(as: Int64.self).map { Int($0) }
  }

  func ints(_ index: Int) throws(TensorError) -> [Int] {
    guard let values = try optionalInts(index) else { throw error("input \(index) is missing") }
    return values
  }

  /// The single number of an input; `nil` if it is left out.
  func optionalNumber(_ index: Int) throws(TensorError) -> Double? {
    guard let value = optional(index) else { return nil }
    guard value.count == 1 else { throw .shape(name, "expected one number in input \(index), found \(value.shape)") }
    return value.doubles[0]
  }

  // Attributes

  func int(_ key: String, _ standard: Int = 0) throws(TensorError) -> Int {
    switch operation.attributes[key] {
    case nil: return standard
    case .int(let value)?: return value
    case let other?: throw wrong(key, other)
    }
  }

  func flag(_ key: String, _ standard: Bool = false) throws(TensorError) -> Bool { try int(key, standard ? 1 : 0) != 0 }

  func float(_ key: String, _ standard: Double) throws(TensorError) -> Double {
    switch operation.attributes[key] {
    case nil: return standard
    case .float(let value)?: return value
    case .int(let value)?: return Double(value)
    case let other?: throw wrong(key, other)
    }
  }

  func string(_ key: String, _ standard: String) throws(TensorError) -> String {
    switch operation.attributes[key] {
    case nil: return standard
    case .string(let value)?: return value
    case let other?: throw wrong(key, other)
    }
  }

  func attributeInts(_ key: String) throws(TensorError) -> [Int]? {
    switch operation.attributes[key] {
    case nil: return nil
    case .ints(let values)?: return values
    // A list without entries has no type of its own in some files.
    case .floats(let values)? where values.isEmpty: return []
    case let other?: throw wrong(key, other)
    }
  }

  /// Integers that were an attribute in old versions of the operator and are an input in newer ones.
  func ints(attribute key: String, orInput index: Int) throws(TensorError) -> [Int]? {
    if let values = try attributeInts(key) { return values }
    return try optionalInts(index)
  }

  private func wrong(_ key: String, _ found: ONNXOperator.Attribute) -> TensorError {
    error("found \(found) as attribute '\(key)', expected another type")
  }

  func error(_ message: String) -> TensorError { .argument(name, message) }

  // Shapes

  func axis(_ axis: Int, of shape: Shape) throws(TensorError) -> Int { try shape.normalizedAxis(axis, operation: name) }

  /// The shape that all broadcast to.
  func broadcast(_ shapes: [Shape]) throws(TensorError) -> Shape {
    var result: Shape = []
    for shape in shapes { result = try Shape.broadcast(result, shape, operation: name) }
    return try checked(result)
  }

  /// The shape itself, if an array of it can be made.
  ///
  /// - Parameter elementBytes: memory for each element: more than four where lists of places are made.
  @discardableResult
  func checked(_ shape: Shape, elementBytes: Int = 4) throws(TensorError) -> Shape {
    let limit = Self.byteLimit / elementBytes
    var total = 1
    for extent in shape where extent > 0 {
      let (product, overflows) = total.multipliedReportingOverflow(by: extent)
      guard !overflows, product <= limit else {
        throw .shape(name, "the result would have the shape \(shape), more than \(limit) elements")
      }
      total = product
    }
    guard shape.allSatisfy({ $0 >= 0 }) else { throw .shape(name, "the result would have the shape \(shape)") }
    return shape
  }

  // Tables of integers

  /// Applies a function of floating-point numbers; to integers in float64, whose result is converted back.
  func numeric(_ x: Tensor, _ body: (Tensor) throws -> Tensor) throws -> Tensor {
    x.dtype.isFloating ? try body(x) : try body(x.converted(to: .float64)).converted(to: x.dtype)
  }

  /// Integers (or truth values) of `tensor` repeated to `shape`.
  func integers(_ tensor: Tensor, as shape: Shape) -> [Int64] {
    tensor.value.broadcast(to: shape).scalars(as: Int64.self)
  }

  /// Integers as a tensor of an integer type; what does not fit wraps around.
  func tensor(_ values: [Int64], _ shape: Shape, _ dtype: DType) -> Tensor {
    switch dtype {
    case .int32: Tensor(NDArray(values.map { Int32(truncatingIfNeeded: $0) }, shape: shape))
    case .uint8: Tensor(NDArray(values.map { UInt8(truncatingIfNeeded: $0) }, shape: shape))
    case .bool: Tensor(NDArray(values.map { $0 != 0 }, shape: shape))
    case .int64, .float32, .float64: Tensor(NDArray(values, shape: shape).converted(to: dtype))
    }
  }

  /// Elements of `x` at flat places, under another shape. Differentiable, for any element type.
  func taking(_ places: [Int], of x: Tensor, shape: Shape) -> Tensor {
    x.reshaped(to: [x.count]).gathering(places, along: 0).reshaped(to: shape)
  }
}
