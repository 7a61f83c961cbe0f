import Formats

/// Replaces calls of a model's own functions by the nodes that they stand for.
struct ONNXInliner {
  private let model: ONNXModel
  private let functions: [String: ONNXFunction]
  /// A function that calls itself, or a tower of calls, must not take all memory.
  private static let nodeLimit = 1 << 20
  private static let depthLimit = 32

  init(_ model: ONNXModel) {
    self.model = model
    functions = Dictionary(model.functions.map { ("\($0.domain).\($0.name)", $0) }, uniquingKeysWith: { first, _ in first })
  }

  func inlined(_ nodes: [ONNXNode]) throws(NetworkError) -> [ONNXNode] {
    if functions.isEmpty { return nodes }
    var result: [ONNXNode] = []
    var calls = 0
    for node in nodes { try append(node, to: &result, depth: 0, calls: &calls) }
    return result
  }

  private func append(
    _ node: ONNXNode, to result: inout [ONNXNode], depth: Int, calls: inout Int
  ) throws(NetworkError) {
    guard let function = functions["\(node.domain).\(node.operation)"] else {
      result.append(node)
      return
    }
    calls += 1
    guard depth < Self.depthLimit, result.count < Self.nodeLimit, calls < Self.nodeLimit else {
      throw .unusable(
        source: model.path, found: "functions that call each other without end", expected: "at most \(Self.nodeLimit) nodes")
    }
    let prefix = "\(node.name.isEmpty ? node.outputs.first ?? "" : node.name)/\(calls)/"
    var names: [String: String] = ["": ""]
    for (index, input) in function.inputs.enumerated() {
      names[input] = node.inputs.indices.contains(index) ? node.inputs[index] : ""
    }
    for (index, output) in function.outputs.enumerated()
    where node.outputs.indices.contains(index) && !node.outputs[index].isEmpty {
      names[output] = node.outputs[index]
    }
    func renamed(_ name: String) -> String { names[name] ?? prefix + name }
    for inner in function.nodes {
      var attributes: [String: ONNXAttribute] = [:]
      for (key, attribute) in inner.attributes {
        guard case .reference(let name) = attribute else {
          attributes[key] = attribute
          continue
        }
        // An attribute that neither the call nor the function gives is left out.
        attributes[key] = node.attributes[name] ?? function.defaults[name]
      }
      try append(
        ONNXNode(
          name: inner.name.isEmpty ? "" : prefix + inner.name, operation: inner.operation, domain: inner.domain,
          inputs: inner.inputs.map(renamed), outputs: inner.outputs.map(renamed), attributes: attributes),
        to: &result, depth: depth + 1, calls: &calls)
    }
  }
}
