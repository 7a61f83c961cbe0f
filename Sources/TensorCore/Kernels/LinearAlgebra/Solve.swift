extension NDArray {
  /// op(A)⁻¹B for each A of [batch…, n, n], of which one triangle is read, and B of [batch…, n, k].
  package static func solveTriangular(
    _ a: NDArray, _ b: NDArray, upper: Bool, transposed: Bool, operation: String
  ) throws(TensorError) -> NDArray {
    func run<T: FactorScalar>(_: T.Type) throws(TensorError) -> NDArray {
      let (matrices, sides, solution) = (MatrixBatch(a.shape), MatrixBatch(b.shape), Draft<T>(b))
      if sides.size == 0 { return solution.array }
      try a.withUnsafeBufferPointer(as: T.self) { (entries) throws(TensorError) in
        guard let entries = entries.baseAddress else { return }
        try matrices.forEach(operation, explain: { "is singular: entry \($0 - 1) of its diagonal is 0" }) { index in
          let x = solution.pointer + index * sides.size
          return solveOneTriangular(upper, transposed, sides.rows, sides.columns, entries + index * matrices.size, x)
        }
      }
      return solution.array
    }
    return a.dtype == .float32 ? try run(Float.self) : try run(Double.self)
  }

  /// op(A)⁻¹B for each A of [batch…, n, n] and B of [batch…, n, k], through LU with row exchanges.
  package static func solve(
    _ a: NDArray, _ b: NDArray, transposed: Bool, operation: String
  ) throws(TensorError) -> NDArray {
    func run<T: FactorScalar>(_: T.Type) throws(TensorError) -> NDArray {
      let (matrices, sides, solution) = (MatrixBatch(a.shape), MatrixBatch(b.shape), Draft<T>(b))
      let factors = Draft<T>(a)
      if sides.size == 0 { return solution.array }
      func explain(_ info: Int) -> String {
        info == illConditioned
          ? "is singular to working precision: its condition number exceeds \(1 / T.ulpOfOne)"
          : "is singular: pivot \(info - 1) of its LU decomposition is 0"
      }
      try matrices.forEach(operation, explain: explain) { index in
        let x = solution.pointer + index * sides.size
        return solveOne(transposed, sides.rows, sides.columns, factors.pointer + index * matrices.size, x)
      }
      return solution.array
    }
    return a.dtype == .float32 ? try run(Float.self) : try run(Double.self)
  }
}

private let illConditioned = Int.max

/// 0, or one more than the place of a zero on the diagonal.
private func solveOneTriangular<T: FactorScalar>(
  _ upper: Bool, _ transposed: Bool, _ n: Int, _ k: Int, _ a: UnsafePointer<T>, _ b: UnsafeMutablePointer<T>
) -> Int {
  for i in 0..<n {
    for j in upper ? i..<n : 0..<i + 1 where !a[i * n + j].isFinite { return MatrixBatch.notFinite }
  }
  if !areFinite(UnsafePointer(b), n * k) { return MatrixBatch.notFinite }
  for i in 0..<n where a[i * n + i] == 0 { return i + 1 }
  T.trsm(upper: upper, transposed: transposed, n, k, a, b)
  return areFinite(UnsafePointer(b), n * k) ? 0 : MatrixBatch.overflow
}

/// `a` is overwritten.
private func solveOne<T: FactorScalar>(
  _ transposed: Bool, _ n: Int, _ k: Int, _ a: UnsafeMutablePointer<T>, _ b: UnsafeMutablePointer<T>
) -> Int {
  if !areFinite(UnsafePointer(a), n * n) || !areFinite(UnsafePointer(b), n * k) { return MatrixBatch.notFinite }
  var norm: T = 0
  for j in 0..<n {
    var sum: T = 0
    for i in 0..<n { sum += abs(a[i * n + j]) }
    norm = max(norm, sum)
  }
  var pivots = [Int32](repeating: 0, count: n)
  let info = T.getrf(n, a, &pivots)
  if info != 0 { return info }
  if !(T.gecon(n, a, norm: norm) >= T.ulpOfOne) { return illConditioned }
  let solved = T.getrs(transposed: transposed, n, k, a, pivots, b)
  if solved != 0 { return solved }
  return areFinite(UnsafePointer(b), n * k) ? 0 : MatrixBatch.overflow
}
