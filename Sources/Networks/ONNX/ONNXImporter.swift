import Autograd
import Formats

extension Network {
  /// The network that an ONNX file describes.
  ///
  /// What depends on no input is computed here, once. Layers are named by their weights: without `.weight`, or by the bias without
  /// `.bias` where an exporter has transformed the weight; layers without weights are named by their nodes. Operators for which
  /// there is an operation of our own become that; the others ``ONNXOperator``.
  ///
  /// - Throws: ``NetworkError`` that names the node, for an operator or an attribute that is not supported.
  public init(onnx model: ONNXModel) throws(NetworkError) {
    var importer = try ONNXImporter(model)
    self = try importer.network()
  }
}

/// Turns nodes into layers, front to back.
struct ONNXImporter {
  let model: ONNXModel
  /// Version of the standard operators.
  let version: Int
  /// In which floating-point constants are held.
  let precision: DType
  let nodes: [ONNXNode]
  /// Values that depend on no input, by name.
  var constants: [String: NDArray] = [:]
  /// Constants that the file itself holds, and those it has merely renamed: value → initializer.
  var origins: [String: String] = [:]
  /// Where the value of a name is computed.
  var values: [String: ValueReference] = [:]
  /// What is known of values before they are computed.
  var facts: [String: ValueFacts] = [:]
  /// Places of the nodes that read a value; the number of nodes stands for the network's output.
  var readers: [String: [Int]] = [:]
  /// Places of nodes that are part of an earlier layer.
  var absorbed: Set<Int> = []
  var layers: [Layer] = []
  /// Matrices that were transposed for linear layers, by the names that they have in the file.
  var turned: [String: NDArray] = [:]
  private var names: Set<String> = []
  /// Which value has a parameter's name.
  private var parameterOwners: [String: String] = [:]
  /// Bytes that were computed here, and how many there may be.
  private var foldedBytes = 0
  private static let foldedLimit = 900 << 20

  /// What is known of a value before it is computed.
  struct ValueFacts {
    /// float32 stands for either precision; `nil` if it is not known.
    var dtype: DType?
    var rank: Int?
    /// Extent of axis 1.
    var channels: Int?
    /// Whether all axes behind the channels have extent 1.
    var isPooled = false
  }

  init(_ model: ONNXModel) throws(NetworkError) {
    self.model = model
    version = model.operatorSets[""] ?? 21
    guard (1...64).contains(version) else {
      throw .unusable(
        source: model.path, found: "version \(version) of the standard operators", expected: "a version from 9 on")
    }
    let inner = try ONNXInliner(model).inlined(model.graph.nodes)
    let initial = Set(model.graph.initializers.map(\.name))
    let types = model.graph.inputs.filter { !initial.contains($0.name) }.compactMap(\.storedType)
    let isDouble =
      types.first { $0.contains("float") }.map { $0 == "float64" }
      ?? model.graph.initializers.first { $0.array.dtype.isFloating }.map { $0.array.dtype == .float64 } ?? false
    precision = isDouble ? .float64 : .float32
    nodes = Self.needed(inner, for: model.graph.outputs.map(\.name))
    for tensor in model.graph.initializers {
      constants[tensor.name] = unified(tensor.array)
      origins[tensor.name] = tensor.name
    }
    for (place, node) in nodes.enumerated() {
      for name in node.inputs where !name.isEmpty { readers[name, default: []].append(place) }
    }
    for output in model.graph.outputs { readers[output.name, default: []].append(nodes.count) }
  }

  /// The nodes that lead to one of the values.
  private static func needed(_ nodes: [ONNXNode], for outputs: [String]) -> [ONNXNode] {
    var wanted = Set(outputs)
    var result: [ONNXNode] = []
    for node in nodes.reversed() where node.outputs.contains(where: { !$0.isEmpty && wanted.contains($0) }) {
      wanted.formUnion(node.inputs)
      result.append(node)
    }
    return result.reversed()
  }

  /// A constant in the network's precision.
  func unified(_ array: NDArray) -> NDArray { array.dtype.isFloating ? array.converted(to: precision) : array }

  mutating func network() throws(NetworkError) -> Network {
    var inputs: [NetworkInput] = []
    for input in model.graph.inputs where constants[input.name] == nil {
      inputs.append(NetworkInput(input.name, shape: input.shape))
      values[input.name] = ValueReference(input.name)
      names.insert(input.name)
      facts[input.name] = ValueFacts(
        dtype: input.storedType.flatMap(Self.dtype), rank: input.shape?.count,
        channels: input.shape.flatMap { $0.count > 1 ? $0[1] : nil })
    }
    for (place, node) in nodes.enumerated() where !absorbed.contains(place) { try add(node, at: place) }
    var outputs: [NetworkOutput] = []
    for output in model.graph.outputs { outputs.append(NetworkOutput(output.name, try reference(output.name))) }
    return try Network(inputs: inputs, layers: layers, outputs: outputs)
  }

  private static func dtype(_ storedType: String) -> DType? {
    switch storedType {
    case "float32", "float16", "bfloat16", "float64": .float32
    case "bool": .bool
    case "uint8": .uint8
    case "int8", "int16", "uint16", "int32": .int32
    case "int64", "uint32", "uint64": .int64
    default: nil
    }
  }

  private mutating func add(_ node: ONNXNode, at place: Int) throws(NetworkError) {
    guard node.domain.isEmpty, ONNXFunctions.table[node.operation] != nil else {
      let near = NearestName.nearest(to: node.operation, in: ONNXFunctions.table.keys.sorted())
      throw unusable(
        node, "the operator \(node.domain.isEmpty ? "" : "\(node.domain).")\(node.operation)",
        "one of the supported operators" + (near.map { " (the nearest is \($0))" } ?? ""))
    }
    for name in node.inputs where !name.isEmpty && constants[name] == nil && values[name] == nil {
      throw unusable(node, "the input '\(name)', which nothing before it computes", "nodes in an order of computation")
    }
    if try fold(node) { return }
    noteFacts(of: node)
    if try addNative(node, at: place) { return }
    try append(operator: node)
  }

  func unusable(_ node: ONNXNode, _ found: String, _ expected: String) -> NetworkError {
    let label = node.name.isEmpty ? node.outputs.first ?? "" : node.name
    return .unusable(source: "\(model.path):\(label)", found: found, expected: expected)
  }

  // MARK: Constants

  /// Computes a node that depends on no input. Returns false if it does depend on one.
  private mutating func fold(_ node: ONNXNode) throws(NetworkError) -> Bool {
    let isLike = node.operation == "CastLike" && node.inputs.count == 2
    let needed = isLike ? [node.inputs[0]] : node.inputs
    var inputs: [Tensor?] = []
    for name in needed {
      guard name.isEmpty || constants[name] != nil else { return false }
      inputs.append(constants[name].map { Tensor($0) })
    }
    if isLike {
      // Only the type of the second input counts, which is known before its values are.
      guard let dtype = facts[node.inputs[1]]?.dtype ?? constants[node.inputs[1]]?.dtype else { return false }
      inputs.append(Tensor(repeating: 0, shape: [], dtype: dtype.isFloating ? precision : dtype))
    }
    let operation = try operation(node)
    let arguments = LayerArguments(
      inputs: inputs, parameters: try attributeArrays(node).mapValues { Tensor($0) }, operation: node.operation)
    let outputs: [Tensor]
    do throws(TensorError) { outputs = try operation(arguments) } catch { throw unusable(node, "\(error)", "constants that fit") }
    for (name, output) in zip(node.outputs, outputs) where !name.isEmpty {
      let array = unified(output.value)
      foldedBytes += array.byteCount
      guard foldedBytes <= Self.foldedLimit else {
        throw unusable(node, "operators that make constants of more than \(Self.foldedLimit) bytes", "fewer")
      }
      constants[name] = array
      if node.operation == "Identity", let origin = origins[node.inputs[0]] { origins[name] = origin }
      if node.operation == "ConstantOfShape" || node.operation == "Constant" { origins[name] = name }
    }
    return true
  }

  /// Arrays among a node's attributes, by role.
  func attributeArrays(_ node: ONNXNode) throws(NetworkError) -> [String: NDArray] {
    switch node.attributes["value"] {
    case .tensor(let tensor)?: return ["value": unified(tensor.array)]
    default: break
    }
    guard node.operation == "Constant" else {
      // The values of versions since 9; others have no arrays.
      return node.operation == "ConstantOfShape" ? ["value": unified(.zeros([1]))] : [:]
    }
    for (key, attribute) in node.attributes {
      switch (key, attribute) {
      case ("value_int", .int(let value)): return ["value": NDArray([Int64(value)], shape: [])]
      case ("value_ints", .ints(let values)): return ["value": NDArray(values.map { Int64($0) }, shape: [values.count])]
      case ("value_float", .float(let value)): return ["value": unified(NDArray([value], shape: []))]
      case ("value_floats", .floats(let values)): return ["value": unified(NDArray(values, shape: [values.count]))]
      default: continue
      }
    }
    throw unusable(node, "a constant of another kind", "an array, numbers or a number")
  }

  // MARK: Layers

  /// The operation of a node, with its attributes but without its inputs.
  func operation(_ node: ONNXNode) throws(NetworkError) -> ONNXOperator {
    var attributes: [String: ONNXOperator.Attribute] = [:]
    for (key, attribute) in node.attributes {
      switch attribute {
      case .int(let value): attributes[key] = .int(value)
      case .float(let value): attributes[key] = .float(value)
      case .string(let value): attributes[key] = .string(value)
      case .ints(let values): attributes[key] = .ints(values)
      case .floats(let values): attributes[key] = .floats(values)
      case .strings(let values): attributes[key] = .strings(values)
      case .tensor where key == "value": continue
      case .tensor, .graph, .reference, .other:
        throw unusable(node, "the attribute '\(key)' of \(node.operation)", "numbers, text, or an array named 'value'")
      }
    }
    let outputCount = (node.outputs.lastIndex { !$0.isEmpty } ?? 0) + 1
    return ONNXOperator(node.operation, version: version, attributes: attributes, outputCount: outputCount)
  }

  /// A layer that does what the node says, for which there is nothing better.
  private mutating func append(operator node: ONNXNode) throws(NetworkError) {
    let plain = try operation(node)
    var attributes = plain.attributes
    var inputs: [ValueReference?] = []
    var parameters: [Parameter] = []
    var weight: String?
    for (index, name) in node.inputs.enumerated() {
      guard let constant = constants[name] else {
        inputs.append(name.isEmpty ? nil : try reference(name))
        continue
      }
      inputs.append(nil)
      let role = OperatorCall.role(index, of: node.operation)
      if constant.dtype.isFloating || constant.count > 4096 {
        parameters.append(Parameter(name: parameterName(name), role: role, value: constant))
        if role == "weight" { weight = origins[name] }
      } else {
        let numbers = constant.scalars(as: Int64.self).map { Int($0) }
        attributes[OperatorCall.role(index)] = .array(
          dtype: "\(constant.dtype)", shape: constant.shape.extents, values: numbers)
      }
    }
    let name = uniqueName(weight.map { Layer.name(ofWeight: $0) } ?? nodeName(node))
    for (role, value) in try attributeArrays(node).sorted(by: { $0.key < $1.key }) {
      parameters.append(Parameter(name: parameterName("\(name).\(role)"), role: role, value: value))
    }
    if ["Cast", "EyeLike"].contains(node.operation), facts[node.outputs.first ?? ""]?.dtype?.isFloating == true,
      facts[node.inputs[0]]?.dtype?.isFloating != true || node.operation == "EyeLike"
    {
      // Remembers the network's precision, whatever that becomes.
      let like = NDArray.zeros([], dtype: precision)
      parameters.append(Parameter(name: parameterName("\(name).like"), role: "like", value: like))
    }
    let operation = ONNXOperator(
      node.operation, version: version, attributes: attributes, outputCount: plain.outputCount)
    append(Layer(name: name, operation: operation, inputs: inputs, parameters: parameters), of: node.outputs)
  }

  mutating func append(_ layer: Layer, of outputs: [String]) {
    layers.append(layer)
    for (index, output) in outputs.enumerated() where !output.isEmpty {
      values[output] = ValueReference(layer.name, index: index)
    }
  }

  /// Where a value is computed; a constant becomes a layer of its own.
  mutating func reference(_ name: String) throws(NetworkError) -> ValueReference {
    if let value = values[name] { return value }
    guard let constant = constants[name] else {
      throw .unusable(source: model.path, found: "the value '\(name)', which nothing computes", expected: "a whole graph")
    }
    let layer = uniqueName(name)
    let parameter = Parameter(name: parameterName(name), role: "value", value: constant)
    append(Layer(name: layer, operation: Constant(), inputs: [], parameters: [parameter]), of: [name])
    return ValueReference(layer)
  }

  func nodeName(_ node: ONNXNode) -> String { node.name.isEmpty ? node.outputs.first { !$0.isEmpty } ?? "layer" : node.name }

  /// `wanted`, or with a number behind it if a layer has that name already.
  mutating func uniqueName(_ wanted: String) -> String {
    var (name, number) = (wanted, 2)
    while !names.insert(name).inserted {
      name = "\(wanted)#\(number)"
      number += 1
    }
    return name
  }

  /// The name of a constant as a parameter: that in the file, unless `wanted` is another. A second value for a name gets a number.
  ///
  /// - Parameter value: tells values apart: layers that share one share its name.
  mutating func parameterName(_ value: String, wanted: String? = nil) -> String {
    let wanted = wanted ?? origins[value] ?? value
    let owner = wanted == origins[value] ? wanted : value
    var (name, number) = (wanted, 2)
    while let known = parameterOwners[name], known != owner {
      name = "\(wanted)#\(number)"
      number += 1
    }
    parameterOwners[name] = owner
    return name
  }
}
