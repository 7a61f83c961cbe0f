import Autograd
import GradientTesting
import Testing

private func normal(_ shape: Shape, _ random: inout RandomSource) -> Tensor {
  Tensor(NDArray(random.normals(shape.elementCount), shape: shape))
}

/// (x − mean)/√(population variance + ε) within each group of entries with the same `key`.
private func reference(_ x: [Double], _ epsilon: Double, key: (Int) -> Int) -> (y: [Double], mean: [Double], variance: [Double]) {
  let groups = Dictionary(grouping: x.indices, by: key)
  var y = x
  var (means, variances) = ([Double](repeating: 0, count: groups.count), [Double](repeating: 0, count: groups.count))
  for (group, members) in groups {
    let mean = members.reduce(0) { $0 + x[$1] } / Double(members.count)
    let variance = members.reduce(0) { $0 + (x[$1] - mean) * (x[$1] - mean) } / Double(members.count)
    (means[group], variances[group]) = (mean, variance)
    for member in members { y[member] = (x[member] - mean) / (variance + epsilon).squareRoot() }
  }
  return (y, means, variances)
}

private func expectClose(_ a: Tensor, _ b: [Double], _ tolerance: Double = 1e-12, _ message: String = "") {
  #expect(a.count == b.count)
  for (x, y) in zip(a.doubles, b) { #expect(abs(x - y) <= tolerance, "\(x) and \(y) \(message)") }
}

@Suite struct NormalisationTests {
  static let shapes: [Shape] = [[4, 3], [2, 3, 5], [3, 4, 5, 7], [1, 2, 1, 9], [7, 1, 1, 1], [2, 5, 3, 2, 2]]

  @Test(arguments: shapes) func batchNormUsesTheBatch(_ shape: Shape) {
    var random = RandomSource(seed: 12)
    let (x, channels) = (normal(shape, &random), shape[1])
    let (scale, shift) = (normal([channels], &random), normal([channels], &random))
    let inner = shape[2...].reduce(1, *)
    let expected = reference(x.doubles, 1e-5) { $0 / inner % channels }
    let plain = batchNorm(x)
    expectClose(plain.value, expected.y, 1e-11)
    expectClose(plain.mean, expected.mean)
    expectClose(plain.variance, expected.variance)
    let affine = expected.y.enumerated().map { index, y in
      y * scale.doubles[index / inner % channels] + shift.doubles[index / inner % channels]
    }
    expectClose(batchNorm(x, scale: scale, shift: shift).value, affine, 1e-11)
    // Evaluated with the batch's statistics it is the same function.
    let (mean, variance) = (plain.mean, plain.variance)
    expectClose(batchNorm(x, scale: scale, shift: shift, mean: mean, variance: variance), affine, 1e-11)
  }

  @Test(arguments: shapes) func layerNormUsesTheLastAxes(_ shape: Shape) {
    var random = RandomSource(seed: 13)
    let x = normal(shape, &random)
    for count in 1...shape.rank {
      let normalized = Shape(Array(shape.suffix(count)))
      let (scale, shift) = (normal(normalized, &random), normal(normalized, &random))
      let size = normalized.elementCount
      let expected = reference(x.doubles, 1e-5) { $0 / size }.y
      expectClose(layerNorm(x, overLast: count), expected, 1e-11)
      let affine = expected.enumerated().map { $1 * scale.doubles[$0 % size] + shift.doubles[$0 % size] }
      expectClose(layerNorm(x, overLast: count, scale: scale, shift: shift), affine, 1e-11)
    }
  }

  @Test func groupNormUsesGroupsOfChannels() {
    var random = RandomSource(seed: 14)
    let x = normal([2, 6, 3, 5], &random)
    let (scale, shift) = (normal([6], &random), normal([6], &random))
    for groups in [1, 2, 3, 6] {
      let expected = reference(x.doubles, 1e-5) { $0 / (90 / groups) }.y
      let affine = expected.enumerated().map { $1 * scale.doubles[$0 / 15 % 6] + shift.doubles[$0 / 15 % 6] }
      expectClose(groupNorm(x, groups: groups, scale: scale, shift: shift), affine, 1e-11)
    }
  }

  /// Every input and every output, to second order.
  @Test func derivativesMatchFiniteDifferences() throws {
    var random = RandomSource(seed: 15)
    let x = normal([2, 3, 2], &random)
    let (scale, shift, mean) = (normal([3], &random), normal([3], &random), normal([3], &random))
    let variance = Tensor([0.5, 1, 2], dtype: .float64)
    try checkGradients(
      of: {
        let (value, mean, variance) = batchNorm($0[0], scale: $0[1], shift: $0[2], epsilon: 0.1)
        return [value, mean, variance]
      }, at: [x, scale, shift], order: 2)
    try checkGradients(
      of: { [batchNorm($0[0], scale: $0[1], shift: $0[2], mean: $0[3], variance: $0[4])] },
      at: [x, scale, shift, mean, variance], order: 2)
    let (matrix, offset) = (normal([3, 2], &random), normal([3, 2], &random))
    try checkGradients(
      of: { [layerNorm($0[0], overLast: 2, scale: $0[1], shift: $0[2], epsilon: 0.1)] }, at: [x, matrix, offset], order: 2)
    try checkGradients(
      of: { [groupNorm($0[0], groups: 3, scale: $0[1], shift: $0[2], epsilon: 0.1)] }, at: [x, scale, shift], order: 2)
  }

  /// A large mean must not drown a small variance.
  @Test func largeMeanInFloat32() {
    var random = RandomSource(seed: 16)
    let x = Tensor(NDArray(random.normals(5000).map { 1000 + $0 }, shape: [5, 2, 500]).converted(to: .float32))
    let expected = reference(x.doubles, 1e-5) { $0 / 500 % 2 }
    let found = batchNorm(x)
    expectClose(found.value, expected.y, 1e-5)
    expectClose(found.variance, expected.variance, 1e-5)
  }

  @Test func bitsDoNotDependOnThreads() {
    let before = Parallel.threadCount
    defer { Parallel.threadCount = before }
    var random = RandomSource(seed: 17)
    let x = Tensor(normal([3, 17, 40, 41], &random).value.converted(to: .float32))
    let results = [1, 2].map { threads in
      Parallel.threadCount = threads
      return [batchNorm(x).value.value, layerNorm(x).value]
    }
    #expect(results[0] == results[1])
  }
}
