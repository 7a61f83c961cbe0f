import Autograd
import Testing

/// Matrices large enough for the reduction on several threads, which small ones leave to LAPACK.
@Suite struct LargeEighTests {
  /// Largest entry of A V − V Λ and of VᵀV − 1, each over ε √n, the first over the largest |λ| too; and whether values ascend.
  private func check(_ a: Tensor, _ comment: Comment? = nil) throws -> Tensor {
    let n = a.shape[0]
    let (values, v) = try eigh(a)
    let wide = (a.converted(to: .float64), values.converted(to: .float64), v.converted(to: .float64))
    let scale = wide.1.doubles.map(Swift.abs).max() ?? 0
    let epsilon = (a.dtype == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne) * Double(n).squareRoot()
    let residual = matmul(wide.0, wide.2) - wide.2 * wide.1
    #expect((residual.doubles.map(Swift.abs).max() ?? 0) <= 8 * epsilon * scale, comment)
    let gram = matmul(wide.2, wide.2, transposeA: true).doubles
    let error = gram.indices.map { Swift.abs(gram[$0] - ($0 / n == $0 % n ? 1 : 0)) }.max() ?? 0
    #expect(error <= 8 * epsilon, comment)
    #expect(values.doubles == values.doubles.sorted(), comment)
    return values
  }

  private func normal(_ n: Int, _ dtype: DType, seed: UInt64 = 1) -> Tensor {
    var random = RandomSource(seed: seed)
    let a = random.normals(n * n)
    let symmetric = (0..<n * n).map { (a[$0] + a[$0 % n * n + $0 / n]) / 2 }
    return Tensor(symmetric, shape: [n, n], dtype: dtype)
  }

  @Test(arguments: [DType.float32, .float64], [256, 257, 289, 403, 640])
  func decomposes(_ dtype: DType, _ n: Int) throws { _ = try check(normal(n, dtype), "\(n)") }

  /// A diagonal matrix has no reflectors, one of blocks some, a graded one entries of all sizes, and one of rank 1 repeated values.
  @Test func specialMatrices() throws {
    let n = 300
    let zero = Tensor(repeating: 0, shape: [n, n], dtype: .float64)
    #expect(try check(zero).doubles.allSatisfy { $0 == 0 })
    let diagonal = Tensor((0..<n * n).map { $0 / n == $0 % n ? Double($0 / n * 7 % n) : 0 }, shape: [n, n], dtype: .float64)
    #expect(try check(diagonal).doubles == (0..<n).map(Double.init))
    var random = RandomSource(seed: 2)
    let entries = random.normals(n)
    _ = try check(
      Tensor(
        (0..<n * n).map { $0 / n / 50 == $0 % n / 50 ? entries[$0 / n] * entries[$0 % n] : 0 }, shape: [n, n], dtype: .float64))
    _ = try check(
      Tensor(
        (0..<n * n).map { pow10(-($0 / n + $0 % n) / 20) * (1 + entries[$0 / n] * entries[$0 % n]) }, shape: [n, n],
        dtype: .float64))
    let values = try check(Tensor((0..<n * n).map { _ in 1 }, shape: [n, n], dtype: .float64)).doubles
    #expect(Swift.abs(values[n - 1] - Double(n)) < 1e-10)
  }

  private func pow10(_ exponent: Int) -> Double { exponent == 0 ? 1 : pow10(exponent + 1) / 10 }

  /// Powers of two scale every result, and change no digit.
  @Test(arguments: [-1000, -500, 500, 1000])
  func scales(_ exponent: Int) throws {
    let a = normal(260, .float64)
    let factor = Double(sign: .plus, exponent: exponent, significand: 1)
    let (values, vectors) = try eigh(a)
    let (scaled, same) = try eigh(a * factor)
    #expect(scaled.value == (values * factor).value)
    #expect(same.value == vectors.value)
  }

  @Test func theNumberOfThreadsChangesNoBit() throws {
    let before = Parallel.threadCount
    defer { Parallel.threadCount = before }
    for dtype in [DType.float32, .float64] {
      let a = normal(450, dtype)
      Parallel.threadCount = 1
      let one = try eigh(a)
      Parallel.threadCount = 3
      let three = try eigh(a)
      #expect(one.values.value == three.values.value)
      #expect(one.vectors.value == three.vectors.value)
    }
  }
}
