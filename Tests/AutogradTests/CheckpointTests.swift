import GradientTesting
import Testing

@testable import Autograd

private func tensor(_ values: [Double], _ shape: Shape? = nil) -> Tensor { Tensor(values, shape: shape, dtype: .float64) }

/// Arrays that the record behind a tensor keeps for derivatives.
private func savedArrays(_ tensor: Tensor) -> Int {
  var (seen, stack, count): (Set<UInt64>, [Node], Int) = ([], [tensor.node].compactMap { $0 }, 0)
  while let node = stack.popLast() {
    if !seen.insert(node.id).inserted { continue }
    count += node.edges.count { $0.value != nil } + (node.outputs?.count ?? 0)
    stack.append(contentsOf: node.edges.compactMap(\.node))
  }
  return count
}

/// Several layers that save much.
private let layers: @Sendable ([Tensor]) -> [Tensor] = { x in
  var y = x[0]
  for _ in 0..<5 { y = tanh(matmul(y, x[1])) * sigmoid(y) }
  return [y, square(y)]
}

@Suite struct CheckpointTests {
  private let inputs = [
    tensor([0.3, -0.8, 1.1, 0.4, -0.2, 0.9], [2, 3]), tensor([0.5, 1, -0.4, 0.7, -1.2, 0.3, 0.8, -0.6, 0.2], [3, 3]),
  ]

  @Test func gradientsAreEqualAndLessIsKept() throws {
    let leaves = inputs.map { $0.recorded() }
    let plain = layers(leaves)
    let light = try checkpointed(leaves, layers)
    let (loss, lightLoss) = ((plain[0] + plain[1]).sum(), (light[0] + light[1]).sum())
    #expect(light[0].value == plain[0].value && light[1].value == plain[1].value)
    #expect(try lightLoss.gradient(for: leaves).map(\.value) == loss.gradient(for: leaves).map(\.value))
    // Its two inputs, and nothing of the five layers.
    #expect(savedArrays(lightLoss) == 2 && savedArrays(loss) >= 20)
    // One output alone, and one input alone.
    #expect(
      try light[1].sum().gradient(for: leaves[1]).value == plain[1].sum().gradient(for: leaves[1]).value)
  }

  @Test func derivativesOfAnyOrderAndDirection() throws {
    try checkGradients(of: { try checkpointed($0, layers) }, at: inputs, order: 2)
    // One inside another.
    try checkGradients(
      of: { x in try checkpointed(x) { y in try checkpointed(y, layers).map { $0 * y[0] } } }, at: inputs, order: 2)
    // A gradient inside, and a Hessian through it.
    let f: @Sendable (Tensor) throws -> Tensor = { x in try gradient(at: x) { ($0 * $0 * $0).sum() }.sum() }
    let x = tensor([2, -1])
    #expect(try gradient(at: x) { try checkpointed($0, f) }.doubles == [12, -6])
    #expect(try hessian(at: x) { try checkpointed($0, f) }.doubles == [6, 0, 0, 6])
  }

  @Test func indicesPassThrough() throws {
    let x = tensor([3, 1, 2])
    let outputs = try checkpointed([x.recorded(), Tensor(NDArray([2, 0] as [Int64], shape: [2]))]) {
      [$0[0].gathering($0[1], along: 0), $0[1]]
    }
    #expect(outputs[1].dtype == .int64 && !outputs[1].isRecorded && outputs[0].doubles == [2, 3])
    #expect(try !checkpointed([x], { [$0[0] * 2] })[0].isRecorded)
  }

  @Test func aWeightThatIsNotAnInputIsAnError() throws {
    let (x, w) = (tensor([1]).recorded(), tensor([2]).recorded())
    let y = try checkpointed(x) { $0 * w }
    #expect(throws: TensorError.self) { try y.gradient(for: [x]) }
    #expect(try checkpointed([x, w]) { [$0[0] * $0[1]] }[0].gradient(for: [x, w]).map(\.scalar) == [2, 1])
  }
}

@Suite struct FunctionalTests {
  @Test func manyCotangentsAtOnce() throws {
    let (x, w) = (tensor([1, 2]).recorded(), tensor([3, 4, 5, 6], [2, 2]).recorded())
    let y = matmul(x.expanded(at: 0), w).squeezed(0)
    let rows = try gradients(of: y, for: [x, w], cotangents: [tensor([1, 0]), tensor([0, 1]), tensor([2, -1])])
    for (row, cotangent) in zip(rows, [tensor([1, 0]), tensor([0, 1]), tensor([2, -1])]) {
      #expect(try row.map(\.value) == y.gradient(for: [x, w], cotangent: cotangent).map(\.value))
    }
    #expect(rows[0][0].doubles == [3, 5] && rows[2][0].doubles == [2, 4])
    #expect(try gradients(of: y, for: [x], cotangents: []).isEmpty)
    #expect(throws: TensorError.self) { try gradients(of: y, for: [x], cotangents: [tensor([1])]) }
    #expect(throws: TensorError.self) { try gradients(of: tensor([1]), for: [x], cotangents: [tensor([1])]) }
    let recorded = try gradients(of: square(x), for: [x], cotangents: [tensor([1, 1])], recording: true)[0][0]
    #expect(try recorded.sum().gradient(for: x).doubles == [2, 2])
  }

  @Test func nothingIsRecordedWhereRecordingIsOff() throws {
    let x = tensor([1, 2]).recorded()
    let y = Recording.off { exp(x) * x }
    #expect(!y.isRecorded && savedArrays(y) == 0 && y.value == (exp(x) * x).value)
    // What stands after it is recorded again, with y as a constant.
    #expect(try (y * x).sum().gradient(for: x).value == y.value)
  }

  @Test func derivativesWorkWhereRecordingIsOff() throws {
    let x = tensor([3, -1])
    let slope = try Recording.off { try gradient(at: x) { ($0 * $0 * $0).sum() } }
    #expect(slope.doubles == [27, 3] && !slope.isRecorded)
    #expect(try Recording.off { try hessian(at: x) { ($0 * $0 * $0).sum() } }.doubles == [18, 0, 0, -6])
    // A constant to the transform around it: d/dx of x·(3x²) with the bracket held fixed.
    let outer = try gradient(at: x) { x in
      try (x * Recording.off { try gradient(at: x) { ($0 * $0 * $0).sum() } }).sum()
    }
    #expect(outer.doubles == [27, 3])
  }
}
