import Autograd
import Formats

extension ONNXImporter {
  /// The integers of a constant, or of an attribute in whose place it stands in newer versions.
  func ints(_ node: ONNXNode, _ key: String, orInput index: Int) -> [Int]? {
    if case .ints(let values)? = node.attributes[key] { return values }
    guard node.inputs.indices.contains(index), let array = constants[node.inputs[index]], !array.dtype.isFloating else {
      return nil
    }
    return array.scalars(as: Int64.self).map { Int($0) }
  }

  func int(_ node: ONNXNode, _ key: String, _ standard: Int) -> Int {
    if case .int(let value)? = node.attributes[key] { return value }
    return standard
  }

  func float(_ node: ONNXNode, _ key: String, _ standard: Double) -> Double {
    if case .float(let value)? = node.attributes[key] { return value }
    return standard
  }

  func string(_ node: ONNXNode, _ key: String, _ standard: String) -> String {
    if case .string(let value)? = node.attributes[key] { return value }
    return standard
  }

  func facts(_ name: String) -> ValueFacts {
    if let array = constants[name] { return ValueFacts(dtype: array.dtype, rank: array.rank) }
    return facts[name] ?? ValueFacts()
  }

  /// Element type and rank of a node's outputs, as far as they follow from its inputs.
  mutating func noteFacts(of node: ONNXNode) {
    let inputs = node.inputs.map { $0.isEmpty ? ValueFacts() : facts($0) }
    let first = inputs.first ?? ValueFacts()
    var result = ValueFacts(dtype: first.dtype)
    switch node.operation {
    case "Shape", "Size", "ArgMax", "ArgMin", "NonZero": result.dtype = .int64
    case "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor", "Not", "IsNaN", "IsInf":
      result.dtype = .bool
    case "Cast":
      result = first
      result.dtype = ONNXTypes.dtype(int(node, "to", 0)).map { $0.isFloating ? .float32 : $0 }
    case "EyeLike" where node.attributes["dtype"] != nil:
      result.dtype = ONNXTypes.dtype(int(node, "dtype", 0)).map { $0.isFloating ? .float32 : $0 }
    case "CastLike":
      result = first
      result.dtype = inputs.count > 1 ? inputs[1].dtype : nil
    case "Where": result.dtype = inputs.count > 1 ? inputs[1].dtype : nil
    case "OneHot": result.dtype = inputs.count > 2 ? inputs[2].dtype : nil
    case "ConstantOfShape":
      if case .tensor(let tensor)? = node.attributes["value"] {
        result.dtype = tensor.array.dtype
      } else {
        result.dtype = .float32
      }
    case "Conv", "ConvTranspose":
      result = ValueFacts(dtype: .float32, rank: first.rank ?? (inputs.count > 1 ? inputs[1].rank : nil))
      if node.operation == "Conv", node.inputs.count > 1 { result.channels = constants[node.inputs[1]]?.shape.first }
    case "GlobalAveragePool", "GlobalMaxPool":
      result = first
      result.isPooled = true
    case "ReduceMean", "ReduceMax":
      if let rank = first.rank, int(node, "keepdims", 1) == 1, let axes = ints(node, "axes", orInput: 1) {
        let places = Set(axes.map { $0 < 0 ? $0 + rank : $0 })
        result = ValueFacts(
          dtype: first.dtype, rank: rank, channels: places.contains(1) ? nil : first.channels,
          isPooled: places.isSuperset(of: 2..<max(2, rank)))
      }
    case "Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "Pow":
      result.rank = inputs.allSatisfy { $0.rank != nil } ? inputs.compactMap(\.rank).max() : nil
      let known = Set(inputs.compactMap(\.channels).filter { $0 != 1 })
      result.channels = known.count == 1 && result.rank == first.rank ? known.first : nil
    case "Relu", "Gelu", "Sigmoid", "Tanh", "Clip", "LeakyRelu", "Elu", "HardSigmoid", "HardSwish", "Softplus", "Softmax",
      "Identity", "Dropout", "BatchNormalization", "InstanceNormalization", "LayerNormalization", "MaxPool", "AveragePool", "LRN",
      "Erf", "Sqrt", "Exp", "Neg", "Abs", "PRelu":
      result = first
    default: break
    }
    for (index, output) in node.outputs.enumerated() where !output.isEmpty {
      var own = result
      switch (node.operation, index) {
      case ("TopK", 1), ("MaxPool", 1): own.dtype = .int64
      case ("Dropout", 1): own.dtype = .bool
      default: break
      }
      facts[output] = own
    }
  }
}
