import Autograd
import Foundation
import Testing

private func normalSymmetric(_ n: Int, _ random: inout RandomSource) -> [Double] {
  let a = random.normals(n * n)
  return (0..<n * n).map { (a[$0] + a[$0 % n * n + $0 / n]) / 2 }
}

/// Q diag(λ) Qᵀ for a random orthogonal Q.
private func matrix(eigenvalues: [Double], _ random: inout RandomSource) throws -> Tensor {
  let n = eigenvalues.count
  let q = try eigh(Tensor(normalSymmetric(n, &random), shape: [n, n], dtype: .float64)).vectors
  return matmul(q * Tensor(eigenvalues, dtype: .float64), q, transposeB: true)
}

/// Central differences of a scalar function, entry by entry.
private func numericGradient(_ a: Tensor, _ function: (Tensor) throws -> Tensor) throws -> [Double] {
  let h = 1e-5
  return try (0..<a.count).map { entry in
    func value(_ t: Double) throws -> Double {
      var values = a.doubles
      values[entry] += t
      return try function(Tensor(values, shape: a.shape, dtype: .float64)).scalar
    }
    return (try value(h) - value(-h)) / (2 * h)
  }
}

private func expectClose(_ a: [Double], _ b: [Double], _ tolerance: Double, _ message: String = "") {
  let scale = max(1, b.map(abs).max() ?? 0)
  for (x, y) in zip(a, b) { #expect(abs(x - y) <= tolerance * scale, "\(x) and \(y) \(message)") }
}

/// Columns `range` of the last axis, by a product with a constant.
private func columns(_ v: Tensor, _ range: Range<Int>) -> Tensor {
  let n = v.shape[v.rank - 1]
  let chosen = (0..<n * range.count).map { $0 / range.count == range.lowerBound + $0 % range.count ? 1.0 : 0 }
  return matmul(v, Tensor(chosen, shape: [n, range.count], dtype: v.dtype))
}

@Suite struct EighTests {
  @Test(arguments: [DType.float32, .float64]) func decomposes(_ dtype: DType) throws {
    var random = RandomSource(seed: 1)
    let tolerance = dtype == .float32 ? 2e-5 : 1e-12
    for n in [1, 2, 3, 5, 8, 13, 40] {
      let matrices = (0..<3).flatMap { _ in normalSymmetric(n, &random) }
      let a = Tensor(matrices, shape: [3, n, n], dtype: dtype)
      let (values, v) = try eigh(a)
      expectClose(matmul(a, v).doubles, (v * values.reshaped(to: [3, 1, n])).doubles, tolerance, "A V = V Λ")
      let identity = (0..<3 * n * n).map { $0 % (n * n) / n == $0 % n ? 1.0 : 0 }
      expectClose(matmul(v, v, transposeA: true).doubles, identity, tolerance, "VᵀV = 1")
      for m in 0..<3 {
        let ascending = Array(values.doubles[m * n..<(m + 1) * n])
        #expect(ascending == ascending.sorted())
        for j in 0..<n {
          let column = (0..<n).map { v.doubles[(m * n + $0) * n + j] }
          #expect((column.max { abs($0) < abs($1) } ?? 0) > 0)
        }
      }
    }
  }

  @Test func readsTheSymmetricPart() throws {
    let skewed = Tensor([2, 5, -3, 4], shape: [2, 2], dtype: .float64)
    let symmetric = Tensor([2, 1, 1, 4], shape: [2, 2], dtype: .float64)
    #expect(try eigh(skewed).values.doubles == eigh(symmetric).values.doubles)
    #expect(try eigh(skewed).vectors.doubles == eigh(symmetric).vectors.doubles)
  }

  @Test func largestEntryIsPositiveFirstOfTies() throws {
    let v = try eigh(Tensor([0, 1, 1, 0], shape: [2, 2], dtype: .float64)).vectors.doubles
    let half = (0.5).squareRoot()
    expectClose(v, [half, half, -half, half], 1e-15)
  }

  @Test func emptyMatricesAndBatches() throws {
    #expect(try eigh(Tensor([], shape: [0, 0])).values.shape == [0])
    #expect(try eigh(Tensor([], shape: [0, 3, 3])).vectors.shape == [0, 3, 3])
    #expect(try eigh(Tensor([-7], shape: [1, 1])).values.doubles == [-7])
    #expect(try eigh(Tensor([-7], shape: [1, 1])).vectors.doubles == [1])
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity]) func refusesWhatIsNotFinite(_ value: Double) {
    for dtype in [DType.float32, .float64] {
      #expect {
        try eigh(Tensor([1, 0, 0, 1, 1, value, 0, 1], shape: [2, 2, 2], dtype: dtype))
      } throws: { error in
        guard case TensorError.numerical("Eigh", let message) = error else { return false }
        return message.contains("matrix 1 of [2, 2, 2]")
      }
    }
  }

  /// Functions that do not see the basis inside an eigenspace have a derivative however often an eigenvalue repeats.
  @Test(arguments: [DType.float64, .float32]) func projectorOntoRepeatedEigenvalues(_ dtype: DType) throws {
    var random = RandomSource(seed: 2)
    for (eigenvalues, cluster) in [
      ([1.0, 1, 1, 1], 0..<4), ([-1, 2, 2, 5], 1..<3), ([0, 0, 0, 3, 7], 0..<3), ([4, 4, 6, 6, 6, 9], 2..<5),
    ] {
      let n = eigenvalues.count
      let a = try matrix(eigenvalues: eigenvalues, &random)
      let weights = Tensor(random.normals(n * n), shape: [n, n], dtype: .float64)
      func function(_ a: Tensor) throws -> Tensor {
        let v = columns(try eigh(a).vectors, cluster)
        return (matmul(v, v, transposeB: true) * Tensor(weights.value.converted(to: a.dtype))).sum()
      }
      let found = try gradient(at: Tensor(a.value.converted(to: dtype)), function)
      expectClose(found.doubles, try numericGradient(a, function), dtype == .float32 ? 1e-4 : 1e-7)
    }
  }

  @Test func sumsOverRepeatedEigenvalues() throws {
    var random = RandomSource(seed: 3)
    for eigenvalues in [[1.0, 1, 1], [-1, 2, 2, 5], [0, 0, 0, 0, 0]] {
      let a = try matrix(eigenvalues: eigenvalues, &random)
      let found = try gradient(at: a) { exp(try eigh($0).values).sum() }
      let (values, v) = try eigh(a)
      let expected = matmul(v * exp(values), v, transposeB: true)  // d tr exp(A) = exp(A)
      expectClose(found.doubles, expected.doubles, 1e-12)
    }
    let a = try matrix(eigenvalues: [-1, 2, 2, 5], &random)
    let cluster = try gradient(at: a) { columns(try eigh($0).values.reshaped(to: [1, 4]), 1..<3).sum() }
    expectClose(cluster.doubles, try projector(a, 1..<3), 1e-12)
  }

  private func projector(_ a: Tensor, _ range: Range<Int>) throws -> [Double] {
    let v = columns(try eigh(a).vectors, range)
    return matmul(v, v, transposeB: true).doubles
  }

  /// Two copies of one block: every eigenvalue twice, as in a graph of two equal components.
  @Test func copiesOfABlock() throws {
    let block: [Double] = [2, -1, 0, -1, 3, 0.5, 0, 0.5, -1]
    let entries = (0..<36).map { index -> Double in
      let (i, j) = (index / 6, index % 6)
      return i / 3 == j / 3 ? block[i % 3 * 3 + j % 3] : 0
    }
    let a = Tensor(entries, shape: [6, 6], dtype: .float64)
    var random = RandomSource(seed: 4)
    let weights = Tensor(random.normals(36), shape: [6, 6], dtype: .float64)
    func function(_ a: Tensor) throws -> Tensor {
      let v = columns(try eigh(a).vectors, 2..<4)
      return (matmul(v, v, transposeB: true) * weights).sum()
    }
    expectClose(try gradient(at: a, function).doubles, try numericGradient(a, function), 1e-7)
  }

  @Test func whatDependsOnTheBasisIsAnErrorThatNamesThePair() throws {
    var random = RandomSource(seed: 5)
    let a = try matrix(eigenvalues: [-1, 2, 2, 5], &random)
    let functions: [(Tensor) throws -> Tensor] = [
      { columns(try eigh($0).vectors, 1..<2).sum() },
      { exp(columns(try eigh($0).vectors, 2..<3)).sum() },
      { columns(try eigh($0).values.reshaped(to: [1, 4]), 1..<2).sum() },  // One of two equal eigenvalues has a kink.
    ]
    for function in functions {
      #expect {
        try gradient(at: a, function)
      } throws: { error in
        guard case TensorError.notDifferentiable("Eigh", let message) = error else { return false }
        return message.contains("eigenvalues 1 and 2 ") && message.contains("Σ v vᵀ")
      }
    }
    // The others still have a derivative.
    func simple(_ a: Tensor) throws -> Tensor {
      let v = columns(try eigh(a).vectors, 3..<4)
      return (v * v * v).sum()
    }
    expectClose(try gradient(at: a, simple).doubles, try numericGradient(a, simple), 1e-7)
  }

  @Test func forwardModeAtRepeatedEigenvalues() throws {
    let identity = Tensor([1, 0, 0, 1], shape: [2, 2], dtype: .float64)
    func decompose(_ x: [Tensor]) throws -> [Tensor] {
      let (values, vectors) = try eigh(x[0])
      return [values, vectors]
    }
    let diagonal = try jvp(at: [identity], tangents: [identity * 3], decompose).tangents
    #expect(diagonal[0].doubles == [3, 3] && diagonal[1].doubles == [0, 0, 0, 0])
    let coupling = Tensor([0, 1, 1, 0], shape: [2, 2], dtype: .float64)
    #expect {
      try jvp(at: [identity], tangents: [coupling], decompose)
    } throws: { error in
      guard case TensorError.notDifferentiable = error else { return false }
      return true
    }
  }

  /// Close but distinct eigenvalues: the derivative is large, finite and right.
  @Test func closeEigenvalues() throws {
    let gap = 1e-4
    let a = Tensor([1, 0, 0, 1 + gap], shape: [2, 2], dtype: .float64)
    // v₀ turns by da₀₁/(λ₀ − λ₁), so its second entry has derivative −1/gap in a₀₁, shared by a₁₀.
    let second = Tensor([0, 1], shape: [1, 2], dtype: .float64)
    let found = try gradient(at: a) { matmul(second, columns(try eigh($0).vectors, 0..<1)).sum() }
    expectClose(found.doubles, [0, -0.5 / gap, -0.5 / gap, 0], 1e-10)
  }

  /// Large enough for every step to be cut into pieces, and entries whose squares over- or underflow.
  @Test(arguments: [1, 1e-160, 1e160]) func largeMatrices(_ scale: Double) throws {
    var random = RandomSource(seed: 8)
    let n = 301
    let a = Tensor(normalSymmetric(n, &random), shape: [n, n], dtype: .float64)
    let (values, vectors) = try eigh(a * scale)
    let residual = abs(matmul(a, vectors) - vectors * (values * (1 / scale)))
    #expect(residual.doubles.max() ?? 1 < 1e-12 * Double(n))
    let identity = Tensor((0..<n * n).map { $0 % (n + 1) == 0 ? 1 : 0 }, shape: [n, n], dtype: .float64)
    let overlap = abs(matmul(vectors, vectors, transposeA: true) - identity)
    #expect(overlap.doubles.max() ?? 1 < 1e-13 * Double(n))
    for column in 0..<n {
      let entries = vectors[0..., column].doubles
      #expect(entries.max(by: { abs($0) < abs($1) }) ?? -1 > 0)
    }
    let before = Parallel.threadCount
    defer { Parallel.threadCount = before }
    Parallel.threadCount = 1
    #expect(try eigh(a * scale).vectors.value == vectors.value)
  }

  @Test func bitsDoNotDependOnThreads() throws {
    var random = RandomSource(seed: 6)
    let before = Parallel.threadCount
    defer { Parallel.threadCount = before }
    let a = Tensor((0..<6).flatMap { _ in normalSymmetric(60, &random) }, shape: [6, 60, 60], dtype: .float64)
    let results = try [1, 2].map { threads in
      Parallel.threadCount = threads
      return try eigh(a).vectors.value
    }
    #expect(results[0] == results[1])
  }
}
