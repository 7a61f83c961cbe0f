import GradientTesting
import Testing

@testable import Autograd

private func tensor(_ values: [Double], _ shape: Shape? = nil) -> Tensor { Tensor(values, shape: shape, dtype: .float64) }
private func labels(_ values: [Int64], _ shape: Shape) -> Tensor { Tensor(NDArray(values, shape: shape)) }

private func expectClose(_ a: Tensor, _ b: [Double], _ tolerance: Double = 1e-13) {
  #expect(a.count == b.count)
  for (x, y) in zip(a.doubles, b) { #expect(abs(x - y) <= tolerance, "\(x) and \(y)") }
}

@Suite struct LossTests {
  @Test func crossEntropyIsThatOfPyTorch() throws {
    // F.cross_entropy(torch.tensor([[1., 2, -1], [0.5, 0, 3]]), torch.tensor([1, 2]), reduction=…)
    let logits = tensor([1, 2, -1, 0.5, 0, 3], [2, 3])
    let classes = labels([1, 2], [2])
    expectClose(crossEntropy(logits, labels: classes), [0.23644258756877692])
    expectClose(crossEntropy(logits, labels: classes, reduction: .sum), [0.47288517513755385])
    expectClose(crossEntropy(logits, labels: classes, reduction: .none), [0.34901221676818633, 0.12387295836936753])
    #expect(crossEntropy(Tensor(logits.value.converted(to: .float32)), labels: classes).dtype == .float32)
    for reduction in [LossReduction.mean, .sum, .none] {
      try checkGradients(of: { [crossEntropy($0[0], labels: classes, reduction: reduction)] }, at: [logits], order: 2)
    }
    // Each position of [N, C, …] is a sample of its own.
    let image = tensor([1, 0.5, 2, 0, -1, 3], [1, 3, 2])
    expectClose(crossEntropy(image, labels: labels([1, 2], [1, 2])), [0.23644258756877692])
  }

  @Test func crossEntropyDoesNotOverflow() throws {
    let logits = tensor([1000, 0, -1000], [1, 3]).recorded()
    let loss = crossEntropy(logits, labels: labels([2], [1]))
    #expect(loss.scalar == 2000)
    #expect(try loss.gradient(for: logits).doubles == [1, 0, -1])
  }

  @Test func wrongLabelsAreRefused() {
    #expect(throws: TensorError.self) { try checkLabels(labels([0, 3], [2]), for: [2, 3]) }
    #expect(throws: TensorError.self) { try checkLabels(labels([0, -1], [2]), for: [2, 3]) }
    #expect(throws: TensorError.self) { try checkLabels(labels([0], [1]), for: [2, 3]) }
    #expect(throws: TensorError.self) { try checkLabels(tensor([0, 1]), for: [2, 3]) }
    #expect(throws: TensorError.self) { try checkLabels(labels([0], [1]), for: [3]) }
  }

  @Test func binaryCrossEntropyIsThatOfPyTorch() throws {
    // F.binary_cross_entropy_with_logits(torch.tensor([-2., 0, 3]), torch.tensor([0., 1, 0.25]), reduction="none")
    let (z, t) = (tensor([-2, 0, 3]), tensor([0, 1, 0.25]))
    let expected = [0.1269280110429727, 0.6931471805599453, 2.298587351573742]
    expectClose(binaryCrossEntropyWithLogits(z, targets: t, reduction: .none), expected)
    expectClose(binaryCrossEntropyWithLogits(z, targets: t), [expected.reduce(0, +) / 3])
    try checkGradients(of: { [binaryCrossEntropyWithLogits($0[0], targets: $0[1])] }, at: [z, t], order: 2)
    // Right and certain: e⁻⁵⁰, which a difference of large numbers would lose. Wrong and certain: finite.
    let certain = binaryCrossEntropyWithLogits(tensor([50, -50, 1000]), targets: tensor([1, 0, 0]), reduction: .none).doubles
    #expect(abs(certain[0] / 1.9287498479639178e-22 - 1) < 1e-12 && certain[1] == certain[0] && certain[2] == 1000)
  }

  @Test func squaredErrors() throws {
    let (x, y) = (tensor([1, 2, 4], [3, 1]), tensor([1, 3]))
    #expect(meanSquaredError(x, y, reduction: .none).doubles == [0, 4, 1, 1, 9, 1])
    #expect(meanSquaredError(x, y, reduction: .sum).scalar == 16 && abs(meanSquaredError(x, y).scalar - 16.0 / 6) < 1e-15)
    try checkGradients(of: { [meanSquaredError($0[0], $0[1])] }, at: [x, y], order: 2)
  }

  @Test func cosineSimilarityIsThatOfPyTorch() throws {
    // F.cosine_similarity(torch.tensor([[1., 3], [-1, 2]]), torch.tensor([[2., 1], [0, 1]]), dim=1), and its gradient
    let a = tensor([1, 3, -1, 2], [2, 2]).recorded()
    let b = tensor([2, 1, 0, 1], [2, 2])
    let y = cosineSimilarity(a, b)
    expectClose(y, [0.7071067811865475, 0.8944271909999159])
    expectClose(
      try y.sum().gradient(for: a), [0.21213203435596428, -0.07071067811865472, 0.17888543819998315, 0.08944271909999163])
    try checkGradients(of: { [cosineSimilarity($0[0], $0[1], along: -1)] }, at: [a.detached, b], order: 2)
    try checkGradients(of: { [cosineSimilarity($0[0], $0[1])] }, at: [a.detached, tensor([2, -1])], order: 2)
    expectClose(cosineSimilarity(a.detached * 1e200, b * 1e-200, epsilon: 1e-300), y.doubles)
  }

  @Test func aZeroVectorIsSimilarToNothing() throws {
    let zero = tensor([0, 0], [1, 2]).recorded()
    let y = cosineSimilarity(zero, tensor([3, 4], [1, 2]))
    #expect(y.doubles == [0])
    #expect(try y.sum().gradient(for: zero).doubles.allSatisfy { $0.isFinite })
  }
}
