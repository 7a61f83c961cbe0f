import Autograd
import GradientTesting
import Testing

private func matrix(_ rows: [[Double]], _ dtype: DType = .float64) -> Tensor {
  Tensor(rows.flatMap { $0 }, shape: [rows.count, rows.first?.count ?? 0], dtype: dtype)
}

private func normal(_ shape: Shape, _ seed: UInt64, _ dtype: DType = .float64) -> Tensor {
  var random = RandomSource(seed: seed)
  return Tensor(random.normals(shape.elementCount), shape: shape, dtype: dtype)
}

private func expectClose(_ a: Tensor, _ b: Tensor, _ tolerance: Double = 1e-12, _ message: String = "") {
  #expect(a.shape == b.shape)
  let scale = max(1, b.doubles.map(abs).max() ?? 0)
  for (x, y) in zip(a.doubles, b.doubles) { #expect(abs(x - y) <= tolerance * scale, "\(x) and \(y) \(message)") }
}

private func identity(_ n: Int, _ dtype: DType = .float64) -> Tensor {
  Tensor((0..<n * n).map { $0 / n == $0 % n ? 1.0 : 0 }, shape: [n, n], dtype: dtype)
}

/// Expects a numerical error of `operation` that contains each of `parts`.
private func expectNumerical(_ operation: String, _ parts: String..., body: () throws -> Void) {
  #expect {
    try body()
  } throws: { error in
    guard case TensorError.numerical(operation, let message) = error else { return false }
    return parts.allSatisfy { message.contains($0) }
  }
}

/// Expects that a derivative of `operation` is refused by a message that contains each of `parts`.
private func expectNotDifferentiable(_ operation: String, _ parts: String..., body: () throws -> Void) {
  #expect {
    try body()
  } throws: { error in
    guard case TensorError.notDifferentiable(operation, let message) = error else { return false }
    return parts.allSatisfy { message.contains($0) }
  }
}

@Suite struct LinearAlgebraTests {
  @Test func choleskyOfAKnownMatrix() throws {
    let a = matrix([[4, 12, -16], [12, 37, -43], [-16, -43, 98]])
    expectClose(try cholesky(a), matrix([[2, 0, 0], [6, 1, 0], [-8, 5, 3]]))
    // Reads the symmetric part.
    let skewed = a + matrix([[0, 1, 0], [-1, 0, 2], [0, -2, 0]])
    expectClose(try cholesky(skewed), try cholesky(a))
  }

  @Test(arguments: [DType.float32, .float64]) func choleskyRebuildsTheMatrix(_ dtype: DType) throws {
    let x = normal([3, 20, 20], 1, dtype)
    let a = matmul(x, x, transposeB: true) + identity(20, dtype)
    let l = try cholesky(a)
    expectClose(matmul(l, l, transposeB: true), a, dtype == .float32 ? 1e-5 : 1e-13)
  }

  @Test func choleskyNamesTheMatrixAndTheMinor() {
    let a = stacked([identity(3), matrix([[1, 0, 0], [0, -1, 0], [0, 0, 1]])])
    expectNumerical("Cholesky", "matrix 1 of [2, 3, 3]", "leading minor of order 2") { _ = try cholesky(a) }
    expectNumerical("Cholesky", "NaN") { _ = try cholesky(matrix([[.nan, 0], [0, 1]])) }
  }

  @Test func triangularSystemsReadOneTriangle() throws {
    let (full, b) = (normal([2, 4, 4], 2) + identity(4) * 3, normal([2, 4, 3], 3))
    for upper in [false, true] {
      let keep = (0..<16).map { (upper ? $0 / 4 <= $0 % 4 : $0 / 4 >= $0 % 4) ? 1.0 : 0 }
      let triangle = full * Tensor(keep, shape: [4, 4], dtype: .float64)
      for transposed in [false, true] {
        let x = try solveTriangular(full, b, upper: upper, transposed: transposed)
        expectClose(matmul(triangle, x, transposeA: transposed), b, 1e-11, "upper \(upper), transposed \(transposed)")
      }
    }
    expectNumerical("SolveTriangular", "entry 1 of its diagonal is 0") {
      _ = try solveTriangular(matrix([[1, 0], [3, 0]]), matrix([[1], [1]]))
    }
  }

  @Test func solveAndInverseOfAKnownMatrix() throws {
    let a = matrix([[2, 1], [7, 4]])
    expectClose(try inverse(a), matrix([[4, -1], [-7, 2]]), 1e-13)
    expectClose(try solve(a, matrix([[3], [11]])), matrix([[1], [1]]), 1e-13)
    // One matrix for a batch of right sides.
    let b = normal([3, 2, 5], 4)
    expectClose(matmul(a, try solve(a, b)), b, 1e-12)
    try checkGradients(of: { [try solve($0[0], $0[1])] }, at: [a, b])
    try checkGradients(of: { [try inverse($0[0])] }, at: [normal([2, 3, 3], 5) + identity(3) * 4], order: 2)
  }

  @Test func singularSystemsAreRefused() {
    let singular = stacked([identity(2), matrix([[1, 2], [2, 4]])])
    expectNumerical("Solve", "matrix 1 of [2, 2, 2]", "pivot 1") { _ = try inverse(singular) }
    let rounded = matrix([[1, 2, 3], [4, 5, 6], [7, 8, 9]]) * 0.1
    expectNumerical("Solve", "the 3×3 matrix is singular") { _ = try solve(rounded, identity(3)) }
    expectNumerical("Solve", "NaN") { _ = try solve(identity(2), matrix([[.nan], [0]])) }
    #expect(throws: TensorError.self) { try inverse(normal([2, 3], 6)) }
    #expect(throws: TensorError.self) { try solve(identity(2), normal([2], 6)) }
  }

  @Test(arguments: [DType.float32, .float64]) func determinantsOfKnownMatrices(_ dtype: DType) throws {
    let a = stacked([
      matrix([[0, 2, 0], [1, 0, 0], [0, 0, 3]], dtype), matrix([[2, 0, 0], [0, 3, 0], [0, 0, 4]], dtype),
      matrix([[1, 2, 3], [2, 4, 6], [0, 1, 0]], dtype),
    ])
    #expect(try determinant(a).doubles == [-6, 24, 0])
    let (sign, logarithm) = try logDeterminant(a)
    #expect(sign.doubles == [-1, 1, 0])
    #expect(logarithm.doubles[2] == -.infinity)
    expectClose(logarithm[..<2], Tensor([1.791759469228055, 3.1780538303479458], dtype: dtype), 1e-7)
    #expect(try determinant(Tensor([], shape: [0, 0])).doubles == [1])
    expectNumerical("Determinant", "NaN") { _ = try determinant(matrix([[.nan]])) }
  }

  @Test func determinantsBeyondTheRangeOfNumbers() throws {
    let a = identity(200) * 1e-3
    #expect(try determinant(a).doubles == [0])
    expectClose(try logDeterminant(a).logarithm, Tensor([-1381.5510557964274], shape: [], dtype: .float64), 1e-13)
    // What overflows on the way does not overflow at the end.
    let b = matrix([[1e200, 0, 0], [0, 1e200, 0], [0, 0, 1e-300]])
    #expect(abs(try determinant(b).scalar / 1e100 - 1) < 1e-12)
  }

  /// The derivative of the determinant is the matrix of cofactors, whatever the rank.
  @Test func determinantOfSingularMatrices() throws {
    let rank2 = matrix([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    let found = try gradient(at: rank2) { try determinant($0) }
    expectClose(found, matrix([[-3, 6, -3], [6, -12, 6], [-3, 6, -3]]), 1e-12)
    let rank1 = matrix([[1, 2, 3], [2, 4, 6], [3, 6, 9]])
    expectClose(try gradient(at: rank1) { try determinant($0) }, rank1 * 0, 1e-12)
    expectNotDifferentiable("Cofactors", "singular") {
      _ = try hessianVectorProduct(at: rank2, rank2) { try determinant($0) }
    }
    expectNotDifferentiable("LogDeterminant", "matrix 1 is singular") {
      let batch = stacked([identity(2), matrix([[1, 1], [1, 1]])])
      _ = try gradient(at: batch) { try logDeterminant($0).logarithm.sum() }
    }
  }

  @Test(arguments: [DType.float32, .float64]) func qrRebuildsTheMatrix(_ dtype: DType) throws {
    let a = normal([3, 12, 7], 7, dtype)
    let (q, r) = try qr(a)
    let tolerance = dtype == .float32 ? 1e-5 : 1e-13
    expectClose(matmul(q, r), a, tolerance)
    expectClose(matmul(q, q, transposeA: true), identity(7, dtype).broadcast(to: [3, 7, 7]), tolerance)
    for (index, entry) in r.doubles.enumerated() {
      let (i, j) = (index % 49 / 7, index % 7)
      #expect(i > j ? entry == 0 : i < j || entry > 0)
    }
  }

  @Test func qrOfKnownMatrices() throws {
    let (q, r) = try qr(matrix([[3, 1], [4, 7]]))
    expectClose(q, matrix([[0.6, -0.8], [0.8, 0.6]]))
    expectClose(r, matrix([[5, 6.2], [0, 3.4]]))
    let dependent = matrix([[1, 2], [2, 4], [2, 4]])
    let (_, s) = try qr(dependent)
    #expect(abs(s.doubles[3]) < 1e-14)
    expectNotDifferentiable("QR", "column 1 of matrix 0") { _ = try gradient(at: dependent) { try qr($0).q.sum() } }
    expectNumerical("QR", "infinity") { _ = try qr(matrix([[.infinity]])) }
  }

  @Test(arguments: [DType.float32, .float64], [[3, 9, 5], [3, 5, 9], [2, 6, 6]]) func svdRebuildsTheMatrix(
    _ dtype: DType, _ extents: [Int]
  ) throws {
    let a = normal(Shape(extents), 8, dtype)
    let (u, s, v) = try svd(a)
    let (k, tolerance) = (min(extents[1], extents[2]), dtype == .float32 ? 1e-5 : 1e-13)
    expectClose(matmul(u * s.expanded(at: -2), v, transposeB: true), a, tolerance)
    for vectors in [u, v] {
      expectClose(
        matmul(vectors, vectors, transposeA: true), identity(k, dtype).broadcast(to: [extents[0], k, k]), tolerance)
    }
    for matrix in 0..<extents[0] {
      let values = Array(s.doubles[matrix * k..<(matrix + 1) * k])
      #expect(values == values.sorted(by: >))
      for j in 0..<k {
        let column = u[matrix].transposed[j].doubles
        #expect((column.max { abs($0) < abs($1) } ?? 0) > 0)
      }
    }
  }

  @Test func svdOfAKnownMatrix() throws {
    // Singular values of [[3, 0], [4, 5]]: √45 and √5.
    let (u, s, v) = try svd(matrix([[3, 0], [4, 5]]))
    expectClose(s, Tensor([6.708203932499369, 2.23606797749979], dtype: .float64))
    let (a, b, c) = (0.31622776601683794, 0.9486832980505138, 0.7071067811865476)
    expectClose(u, matrix([[a, b], [b, -a]]))
    expectClose(v, matrix([[c, c], [c, -c]]))
    expectNumerical("SVD", "NaN") { _ = try svd(matrix([[.nan, 1]])) }
  }

  /// The polar factor UVᵀ sees no basis, so that it has a derivative at equal singular values.
  @Test func polarFactorAtEqualSingularValues() throws {
    let (q, b) = (try qr(normal([4, 4], 9)).q, try qr(normal([4, 4], 10)).q)
    let a = matmul(q * Tensor([2, 2, 2, 1], dtype: .float64), b)
    func polar(_ x: [Tensor]) throws -> [Tensor] {
      let (u, _, v) = try svd(x[0])
      return [matmul(u, v, transposeB: true)]
    }
    let weights = normal([4, 4], 11)
    let found = try gradient(at: a) { (try polar([$0])[0] * weights).sum() }
    let h = 1e-5
    for entry in 0..<16 {
      var step = [Double](repeating: 0, count: 16)
      step[entry] = h
      let move = Tensor(step, shape: [4, 4], dtype: .float64)
      let difference = (try polar([a + move])[0] - (try polar([a - move])[0])) * weights
      #expect(abs(found.doubles[entry] - difference.sum().scalar / (2 * h)) < 1e-7)
    }
    expectClose(try gradient(at: a) { try svd($0).values.sum() }, try polar([a])[0], 1e-12)
  }

  @Test func whatDependsOnTheBasisIsRefused() throws {
    let twice = matrix([[2, 0, 0], [0, 2, 0], [0, 0, 1]])
    expectNotDifferentiable("SVD", "singular values 0 and 1 ") {
      _ = try gradient(at: twice) { (try svd($0).u * normal([3, 3], 12)).sum() }
    }
    expectNotDifferentiable("SVD", "cotangents") { _ = try gradient(at: twice) { try svd($0).values[0] } }
    expectNotDifferentiable("SVD", "tangent") {
      let coupling = matrix([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
      _ = try jvp(at: [twice], tangents: [coupling]) { [try svd($0[0]).values] }
    }
    // A simple singular value beside the others still has a derivative, u vᵀ.
    let simple = try gradient(at: twice) { try svd($0).values[2] }
    expectClose(simple, matrix([[0, 0, 0], [0, 0, 0], [0, 0, 1]]))
  }

  @Test func singularValuesOfZero() throws {
    let a = matrix([[1, 2], [2, 4], [3, 6]])
    let found = try gradient(at: a) { try svd($0).values[0] }
    let (u, _, v) = try svd(a)
    expectClose(found, matmul(u.sliced(1, to: 1), v.sliced(1, to: 1), transposeB: true))
    expectNotDifferentiable("SVD", "singular value 1 counts as 0", "kink") {
      _ = try gradient(at: a) { try svd($0).values.sum() }
    }
    expectNotDifferentiable("SVD", "singular value 1 counts as 0") {
      _ = try gradient(at: a) { (try svd($0).u * normal([3, 2], 13)).sum() }
    }
    for zero in [matrix([[0, 0], [0, 0]]), matrix([[0, 0], [0, .leastNonzeroMagnitude]])] {
      expectNotDifferentiable("SVD", "singular value") { _ = try gradient(at: zero) { try svd($0).values.sum() } }
      #expect(try gradient(at: zero) { (try svd($0).u * 0).sum() }.doubles == [0, 0, 0, 0])
    }
  }

  @Test func pseudoInverseOfKnownMatrices() throws {
    expectClose(try pseudoInverse(matrix([[1, 2], [2, 4]])), matrix([[0.04, 0.08], [0.08, 0.16]]), 1e-13)
    let a = normal([2, 5, 3], 14)
    expectClose(matmul(try pseudoInverse(a), a), identity(3).broadcast(to: [2, 3, 3]), 1e-12)
    #expect(try pseudoInverse(matrix([[0, 0, 0]])).doubles == [0, 0, 0])
    // A cutoff drops the small singular value.
    let cut = try pseudoInverse(matrix([[1, 0], [0, 0.01]]), relativeCutoff: 0.1)
    expectClose(cut, matrix([[1, 0], [0, 0]]))
    expectNotDifferentiable("PseudoInverse", "matrix 0 has rank 1, not 2") {
      _ = try gradient(at: matrix([[1, 2], [2, 4]])) { try pseudoInverse($0).sum() }
    }
    // Equal singular values do no harm.
    try checkGradients(of: { [try pseudoInverse($0[0])] }, at: [identity(3) * 2], order: 2)
  }

  @Test func leastSquaresOfKnownSystems() throws {
    // The line through (0, 6), (1, 0), (2, 0): 5 − 3x.
    let line = try leastSquares(matrix([[1, 0], [1, 1], [1, 2]]), matrix([[6], [0], [0]]))
    expectClose(line, matrix([[5], [-3]]))
    // Of all with x + y = 2, the shortest.
    expectClose(try leastSquares(matrix([[1, 1]]), matrix([[2]])), matrix([[1], [1]]))
    expectClose(try leastSquares(matrix([[1, 1], [1, 1]]), matrix([[1], [3]])), matrix([[1], [1]]))
    for extents in [[2, 5, 3], [2, 3, 5], [3, 3]] {
      let a = normal(Shape(extents), 15)
      let b = normal([extents[extents.count - 2], 2], 16)
      try checkGradients(of: { [try leastSquares($0[0], $0[1])] }, at: [a, b], tolerance: 1e-5)
    }
    #expect(throws: TensorError.self) { try leastSquares(normal([3, 2], 17), normal([2, 1], 18)) }
  }

  @Test func bitsDoNotDependOnThreads() throws {
    let before = Parallel.threadCount
    defer { Parallel.threadCount = before }
    let (a, b) = (normal([6, 40, 40], 19), normal([6, 40, 3], 20))
    let results = try [1, 2].map { threads in
      Parallel.threadCount = threads
      let (q, r) = try qr(a)
      let (u, s, v) = try svd(a)
      return [try solve(a, b), q, r, u, s, v, try determinant(a)].map(\.value)
    }
    #expect(results[0] == results[1])
  }
}
