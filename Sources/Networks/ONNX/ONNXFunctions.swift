import Autograd

/// What each ONNX operator computes, by its name: one file for each family.
enum ONNXFunctions {
  typealias Function = @Sendable (OperatorCall) throws -> [Tensor]

  static let table: [String: Function] = [
    elementwise, arithmetic, logic, shapes, indexing, creation, reductions, products, convolutions, pooling, normalisations,
    resampling,
  ].reduce(into: [:]) { table, family in table.merge(family) { first, _ in first } }
}
