import Autograd
import Formats

/// Nodes for which there is an operation of our own. It says more of the structure (parents, reach, separable channels), has a place in
/// the inference plan, and computes the same.
extension ONNXImporter {
  /// Adds such a layer; returns false if there is none for this node with these attributes.
  mutating func addNative(_ node: ONNXNode, at place: Int) throws(NetworkError) -> Bool {
    guard let first = node.inputs.first, constants[first] == nil, facts(first).dtype?.isFloating == true else { return false }
    switch node.operation {
    case "Conv": return try addConvolution(node)
    case "Gemm": return try addGemm(node)
    case "MatMul": return try addProduct(node, at: place)
    case "BatchNormalization": return try addBatchNormalization(node)
    case "LayerNormalization": return try addLayerNormalization(node)
    case "Add", "Sub", "Mul", "Div", "Sum", "Concat": return try addCombination(node)
    default: break
    }
    guard let operation = plainOperation(node) else { return false }
    append(Layer(name: uniqueName(nodeName(node)), operation: operation, inputs: [try reference(first)]), of: node.outputs)
    return true
  }

  /// Operations of one input and no parameters.
  private func plainOperation(_ node: ONNXNode) -> (any LayerOperation)? {
    let isSingle = node.outputs.dropFirst().allSatisfy(\.isEmpty)
    switch node.operation {
    case "Relu": return Activation(.relu)
    case "Tanh": return Activation(.tanh)
    case "Sigmoid": return Activation(.sigmoid)
    case "Softplus": return Activation(.softplus)
    case "HardSwish": return Activation(.hardSwish)
    case "HardSigmoid":
      let isOurs = abs(float(node, "alpha", 0.2) - 1 / 6) < 1e-6 && float(node, "beta", 0.5) == 0.5
      return isOurs ? Activation(.hardSigmoid) : nil
    case "Gelu": return Activation(string(node, "approximate", "none") == "tanh" ? .geluTanh : .gelu)
    case "Clip": return bounds(node) == [0, 6] ? Activation(.relu6) : nil
    case "Identity": return Identity()
    case "Cast": return facts(node.outputs[0]).dtype?.isFloating == true ? Identity() : nil
    case "CastLike": return facts(node.outputs[0]).dtype?.isFloating == true ? Identity() : nil
    case "Dropout":
      // In training mode only if an input says so.
      let isEvaluation = node.inputs.count < 3 || node.inputs[2].isEmpty
      let ratio = node.inputs.count > 1 ? constants[node.inputs[1]]?.doubles.first : float(node, "ratio", 0.5)
      return isSingle && isEvaluation ? Dropout(ratio ?? 0.5) : nil
    case "MaxPool": return isSingle ? maxPooling(node) : nil
    case "AveragePool": return averagePooling(node)
    case "GlobalAveragePool": return GlobalAveragePooling()
    case "ReduceMean":
      let isGlobal = facts(node.inputs[0]).rank == 4 && int(node, "keepdims", 1) == 1
      let axes = ints(node, "axes", orInput: 1).map { Set($0.map { $0 < 0 ? $0 + 4 : $0 }) }
      return isGlobal && axes == [2, 3] ? GlobalAveragePooling() : nil
    case "Flatten": return int(node, "axis", 1) == 1 ? Flattening() : nil
    case "Reshape": return isFlattening(node) ? Flattening() : nil
    default: return nil
    }
  }

  /// Whether the samples stay apart and everything else becomes one axis: [0, −1]; or [−1, channels] behind a global pooling.
  private func isFlattening(_ node: ONNXNode) -> Bool {
    guard let shape = ints(node, "shape", orInput: 1), shape.count == 2 else { return false }
    if shape == [0, -1] { return int(node, "allowzero", 0) == 0 }
    let facts = facts(node.inputs[0])
    return facts.isPooled && shape[0] == -1 && shape[1] == facts.channels
  }

  private func bounds(_ node: ONNXNode) -> [Double] {
    if version < 11 { return [float(node, "min", -.infinity), float(node, "max", .infinity)] }
    return node.inputs.dropFirst().compactMap { constants[$0]?.doubles.first }
  }

  // MARK: Windows

  /// Two numbers for the last two axes; `nil` if they are not two.
  private func pair(_ node: ONNXNode, _ key: String, _ standard: Int) -> Size2D? {
    guard case .ints(let values)? = node.attributes[key] else { return Size2D(standard, standard) }
    return values.count == 2 ? Size2D(values[0], values[1]) : nil
  }

  /// Paddings before and after; `nil` if they are not four numbers from 0 on, or if they follow from the input's size.
  private func paddings(_ node: ONNXNode) -> (before: Size2D, after: Size2D)? {
    switch string(node, "auto_pad", "NOTSET") {
    case "VALID": return (Size2D(0, 0), Size2D(0, 0))
    case "NOTSET": break
    default: return nil
    }
    guard case .ints(let pads)? = node.attributes["pads"] else { return (Size2D(0, 0), Size2D(0, 0)) }
    guard pads.count == 4, pads.allSatisfy({ 0...(1 << 24) ~= $0 }) else { return nil }
    return (Size2D(pads[0], pads[1]), Size2D(pads[2], pads[3]))
  }

  /// The window of a pooling with the same padding on both sides; `nil` for others.
  private func window(_ node: ONNXNode) -> (kernel: Size2D, stride: Size2D, padding: Size2D, dilation: Size2D)? {
    guard node.attributes["kernel_shape"] != nil, let kernel = pair(node, "kernel_shape", 1),
      let stride = pair(node, "strides", 1),
      let dilation = pair(node, "dilations", 1), let (before, after) = paddings(node), before == after,
      isModest(before, after, kernel: kernel, dilation), min(stride.height, stride.width) >= 1
    else { return nil }
    return (kernel, stride, before, dilation)
  }

  /// Whether every window can reach the input, and kernels have a size that people use. Everything else is left to the operators, which
  /// check what they would make.
  private func isModest(_ before: Size2D, _ after: Size2D, kernel: Size2D, _ dilation: Size2D) -> Bool {
    let sizes = [kernel.height, kernel.width, dilation.height, dilation.width]
    guard sizes.allSatisfy({ 1...1024 ~= $0 }) else { return false }
    let window = Window2D(kernel: kernel, stride: Size2D(1, 1), padding: before, dilation: dilation)
    return max(before.height, after.height) < window.span.height && max(before.width, after.width) < window.span.width
  }

  private func maxPooling(_ node: ONNXNode) -> MaxPooling? {
    guard let window = window(node), int(node, "ceil_mode", 0) == 0 else { return nil }
    return MaxPooling(kernel: window.kernel, stride: window.stride, padding: window.padding, dilation: window.dilation)
  }

  private func averagePooling(_ node: ONNXNode) -> AveragePooling? {
    guard let window = window(node), int(node, "ceil_mode", 0) == 0, window.dilation == Size2D(1, 1) else { return nil }
    return AveragePooling(
      kernel: window.kernel, stride: window.stride, padding: window.padding,
      countIncludePad: int(node, "count_include_pad", 0) != 0)
  }

  // MARK: Layers with weights

  private mutating func addConvolution(_ node: ONNXNode) throws(NetworkError) -> Bool {
    guard node.inputs.count >= 2, let weight = constants[node.inputs[1]], weight.rank == 4, weight.dtype.isFloating,
      let stride = pair(node, "strides", 1), let dilation = pair(node, "dilations", 1), let (before, after) = paddings(node),
      isModest(before, after, kernel: Size2D(weight.shape[2], weight.shape[3]), dilation)
    else { return false }
    if case .ints(let kernel)? = node.attributes["kernel_shape"], kernel != Array(weight.shape.dropFirst(2)) { return false }
    let bias = try constantBias(node, 2)
    if node.inputs.count > 2, !node.inputs[2].isEmpty, bias == nil { return false }
    let name = uniqueName(layerName(weight: node.inputs[1], bias: bias?.name, node))
    var parameters = [Parameter(name: parameterName(node.inputs[1]), role: "weight", value: weight)]
    // Exporters write zeros where there was no bias; those are no parameter of the network.
    if let bias, origins[bias.name] != nil || bias.value.doubles.contains(where: { $0 != 0 }) {
      parameters.append(Parameter(name: parameterName(bias.name), role: "bias", value: bias.value))
    }
    let operation = Convolution(
      stride: stride, padding: before, paddingAfter: after, dilation: dilation, groups: int(node, "group", 1))
    append(
      Layer(name: name, operation: operation, inputs: [try reference(node.inputs[0])], parameters: parameters), of: node.outputs)
    return true
  }

  /// A constant input that can be a bias; `nil` if it is missing or computed.
  private func constantBias(_ node: ONNXNode, _ index: Int) throws(NetworkError) -> (name: String, value: NDArray)? {
    guard node.inputs.indices.contains(index), let value = constants[node.inputs[index]], value.dtype.isFloating, value.rank == 1
    else { return nil }
    return (node.inputs[index], value)
  }

  private mutating func addGemm(_ node: ONNXNode) throws(NetworkError) -> Bool {
    guard node.inputs.count >= 2, let weight = constants[node.inputs[1]], weight.rank == 2, weight.dtype.isFloating,
      float(node, "alpha", 1) == 1, float(node, "beta", 1) == 1, int(node, "transA", 0) == 0
    else { return false }
    let bias = try constantBias(node, 2)
    let isTransposed = int(node, "transB", 0) != 0
    if node.inputs.count > 2, !node.inputs[2].isEmpty, bias?.value.shape != [weight.shape[isTransposed ? 0 : 1]] { return false }
    try addLinear(node, weight: (node.inputs[1], weight), isTransposed: isTransposed, bias: bias, outputs: node.outputs)
    return true
  }

  /// A product with a constant matrix, together with the addition of a bias behind it if there is one.
  private mutating func addProduct(_ node: ONNXNode, at place: Int) throws(NetworkError) -> Bool {
    guard node.inputs.count == 2, let weight = constants[node.inputs[1]], weight.rank == 2, weight.dtype.isFloating else {
      return false
    }
    let output = node.outputs[0]
    if let next = readers[output]?.first, readers[output]?.count == 1, nodes.indices.contains(next), next > place,
      nodes[next].operation == "Add", nodes[next].domain.isEmpty, nodes[next].inputs.count == 2,
      let other = nodes[next].inputs.first(where: { $0 != output }), let bias = constants[other], bias.dtype.isFloating,
      bias.shape == [weight.shape[1]]
    {
      absorbed.insert(next)
      noteFacts(of: nodes[next])
      try addLinear(
        node, weight: (node.inputs[1], weight), isTransposed: false, bias: (other, bias), outputs: nodes[next].outputs)
    } else {
      try addLinear(node, weight: (node.inputs[1], weight), isTransposed: false, bias: nil, outputs: node.outputs)
    }
    return true
  }

  /// - Parameter isTransposed: whether the weight is [out, in] already.
  private mutating func addLinear(
    _ node: ONNXNode, weight: (name: String, value: NDArray), isTransposed: Bool, bias: (name: String, value: NDArray)?,
    outputs: [String]
  ) throws(NetworkError) {
    let name = uniqueName(layerName(weight: weight.name, bias: bias?.name, node))
    var parameters: [Parameter] = []
    if isTransposed {
      parameters.append(Parameter(name: parameterName(weight.name), role: "weight", value: weight.value))
    } else {
      // A matrix that is turned here is not the one under its name in the file.
      let value = turned[weight.name] ?? weight.value.permuted([1, 0])
      turned[weight.name] = value
      let wanted = Self.weightName(ofLayer: name, bias: bias?.name)
      parameters.append(Parameter(name: parameterName("\(weight.name)ᵀ", wanted: wanted), role: "weight", value: value))
    }
    if let bias { parameters.append(Parameter(name: parameterName(bias.name), role: "bias", value: bias.value)) }
    append(Layer(name: name, operation: Linear(), inputs: [try reference(node.inputs[0])], parameters: parameters), of: outputs)
  }

  private mutating func addBatchNormalization(_ node: ONNXNode) throws(NetworkError) -> Bool {
    let arrays = node.inputs.dropFirst().compactMap { constants[$0] }
    guard arrays.count == 4, int(node, "training_mode", 0) == 0, arrays.allSatisfy({ $0.dtype.isFloating && $0.rank == 1 }),
      node.outputs.dropFirst().allSatisfy(\.isEmpty)
    else { return false }
    let name = uniqueName(layerName(weight: node.inputs[1], bias: node.inputs[2], node))
    var parameters: [Parameter] = []
    for (index, role) in ["weight", "bias", "running_mean", "running_var"].enumerated() {
      parameters.append(Parameter(name: parameterName(node.inputs[index + 1]), role: role, value: arrays[index]))
    }
    let operation = BatchNormalization(epsilon: float(node, "epsilon", 1e-5))
    append(
      Layer(name: name, operation: operation, inputs: [try reference(node.inputs[0])], parameters: parameters), of: node.outputs)
    return true
  }

  private mutating func addLayerNormalization(_ node: ONNXNode) throws(NetworkError) -> Bool {
    guard node.inputs.count >= 2, let scale = constants[node.inputs[1]], scale.dtype.isFloating, scale.rank >= 1,
      int(node, "axis", -1) == -scale.rank, node.outputs.dropFirst().allSatisfy(\.isEmpty)
    else { return false }
    var parameters = [Parameter(name: parameterName(node.inputs[1]), role: "weight", value: scale)]
    var bias: String?
    if node.inputs.count > 2, !node.inputs[2].isEmpty {
      guard let shift = constants[node.inputs[2]], shift.shape == scale.shape, shift.dtype == scale.dtype else { return false }
      parameters.append(Parameter(name: parameterName(node.inputs[2]), role: "bias", value: shift))
      bias = node.inputs[2]
    }
    let name = uniqueName(layerName(weight: node.inputs[1], bias: bias, node))
    let operation = LayerNormalization(epsilon: float(node, "epsilon", 1e-5), axisCount: scale.rank)
    append(
      Layer(name: name, operation: operation, inputs: [try reference(node.inputs[0])], parameters: parameters), of: node.outputs)
    return true
  }

  /// Sums and the like of computed values. Those with constants keep the operator: a constant is no layer of the network.
  private mutating func addCombination(_ node: ONNXNode) throws(NetworkError) -> Bool {
    guard node.inputs.count >= 2, node.inputs.allSatisfy({ constants[$0] == nil && facts($0).dtype?.isFloating == true }) else {
      return false
    }
    let operation: any LayerOperation
    switch node.operation {
    case "Add", "Sum": operation = Arithmetic(.add)
    case "Sub": operation = Arithmetic(.subtract)
    case "Mul": operation = Arithmetic(.multiply)
    case "Div": operation = Arithmetic(.divide)
    default: operation = Concatenation(axis: int(node, "axis", 1))
    }
    var inputs: [ValueReference?] = []
    for name in node.inputs { inputs.append(try reference(name)) }
    append(Layer(name: uniqueName(nodeName(node)), operation: operation, inputs: inputs), of: node.outputs)
    return true
  }

  // MARK: Names

  /// The weight's name without `.weight`; where an exporter has transformed the weight, the bias's without `.bias`.
  private func layerName(weight: String, bias: String?, _ node: ONNXNode) -> String {
    let origin = origins[weight] ?? weight
    let name = Layer.name(ofWeight: origin)
    if name != origin { return name }
    if let bias = bias.map({ origins[$0] ?? $0 }) {
      for suffix in [".bias", "_bias"] where bias.hasSuffix(suffix) { return String(bias.dropLast(suffix.count)) }
    }
    return name
  }

  /// The name under which PyTorch would keep the weight of this layer.
  private static func weightName(ofLayer layer: String, bias: String?) -> String {
    bias == "\(layer)_bias" ? "\(layer)_weight" : "\(layer).weight"
  }
}
