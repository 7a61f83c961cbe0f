/// A = Q T Qᵀ for a large symmetric matrix, and products with Q: LAPACK's sytrd and ormtr on several threads. One half of the first
/// is products of a matrix with a vector, which one thread alone cannot feed from memory.
///
/// Dongarra, Sorensen & Hammarling, "Block reduction of matrices to condensed forms" (1989): columns are reduced in panels, with what
/// they do to the rest put off and done as one product. All pieces follow from the size, so the bits do not depend on threads.
struct Tridiagonalization<T: RealScalar> {
  private let n: Int
  /// Upper triangle row by row. Behind row j's superdiagonal stands the reflector that made it zero, from its second entry on.
  private let a: UnsafeMutablePointer<T>
  /// Factors of the reflectors.
  private let tau: UnsafeMutablePointer<T>

  /// Columns of a panel. More make the products deeper, and what is put off dearer to look up.
  private static var panel: Int { 32 }
  /// Of a product of the matrix with a vector.
  private static var pieces: Int { 4 }
  /// Reflectors that are applied at once.
  private static var block: Int { 96 }

  /// Reduces the symmetric matrix in `a` (n×n, n > 2, entries at most about 1): diagonal in `d`, off-diagonal in `e`.
  init(
    _ n: Int, _ a: UnsafeMutablePointer<T>, diagonal d: UnsafeMutablePointer<T>, off e: UnsafeMutablePointer<T>,
    factors tau: UnsafeMutablePointer<T>
  ) {
    (self.n, self.a, self.tau) = (n, a, tau)
    let width = Self.panel
    // The reflectors v of a panel, what A does to them, w, and the reflectors again: V Wᵀ + W Vᵀ is then one product.
    let storage = Storage(byteCount: (3 * width + Self.pieces) * n * MemoryLayout<T>.stride)
    let v = storage.pointer.bindMemory(to: T.self, capacity: (3 * width + Self.pieces) * n)
    let scratch = v + 3 * width * n
    var first = 0
    while first < n - 1 {
      let count = min(width, n - 1 - first)
      for k in 0..<count { reduce(first + k, k, v, v + count * n, e, scratch) }
      (v + 2 * count * n).update(from: v, count: count * n)
      update(from: first + count, count, v)
      first += count
    }
    for i in 0..<n { d[i] = a[i * n + i] }
    withExtendedLifetime(storage) {}
  }

  /// Column j, the k-th of its panel: brings it up to date, makes its reflector v, and w = τ(A v − …).
  private func reduce(
    _ j: Int, _ k: Int, _ v: UnsafeMutablePointer<T>, _ w: UnsafeMutablePointer<T>, _ e: UnsafeMutablePointer<T>,
    _ scratch: UnsafeMutablePointer<T>
  ) {
    let (row, start) = (a + j * n, j + 1)
    for i in 0..<k {
      let (vi, wi) = (v + i * n, w + i * n)
      T.axpy(-wi[j], vi + j, row + j, n - j)
      T.axpy(-vi[j], wi + j, row + j, n - j)
    }
    let (u, x) = (v + k * n, w + k * n)
    u.update(repeating: 0, count: start)
    e[j] = reflect(row + start, n - start, tau + j)
    (u + start).update(from: row + start, count: n - start)
    u[start] = 1
    x.update(repeating: 0, count: n)
    if tau[j] == 0 { return }
    multiply(start, u, x, scratch)
    for i in 0..<k {
      let (vi, wi) = (v + i * n, w + i * n)
      let (vu, wu) = (T(T.dot(vi + start, u + start, n - start)), T(T.dot(wi + start, u + start, n - start)))
      T.axpy(-wu, vi + start, x + start, n - start)
      T.axpy(-vu, wi + start, x + start, n - start)
    }
    T.affine(tau[j], 0, x + start, x + start, n - start)
    let dot = T(T.dot(x + start, u + start, n - start))
    T.axpy(-tau[j] * dot / 2, u + start, x + start, n - start)
  }

  /// Householder's reflector that leaves nothing of x but its first entry, which is returned: x becomes (that, v₁, …) with v₀ = 1.
  private func reflect(_ x: UnsafeMutablePointer<T>, _ count: Int, _ tau: UnsafeMutablePointer<T>) -> T {
    let rest = count > 1 ? T(T.dot(x + 1, x + 1, count - 1)) : 0
    if rest == 0 {
      tau.pointee = 0
      return x[0]
    }
    let norm = (x[0] * x[0] + rest).squareRoot()
    let beta = x[0] > 0 ? -norm : norm
    tau.pointee = (beta - x[0]) / beta
    T.affine(1 / (x[0] - beta), 0, x + 1, x + 1, count - 1)
    x[0] = beta
    return beta
  }

  /// x += A u for the rows and columns from `start` on: pieces of about the same work, each into a vector of its own.
  private func multiply(
    _ start: Int, _ u: UnsafeMutablePointer<T>, _ x: UnsafeMutablePointer<T>, _ scratch: UnsafeMutablePointer<T>
  ) {
    let size = n - start
    let pieces = size < 256 ? 1 : Self.pieces
    let shift = start * n + start
    if pieces == 1 { return T.symmetricRows(a + shift, n, 0..<size, size, u + start, x + start) }
    // Row r of the triangle has size − r entries: from the end, areas grow as squares.
    let bounds = (0...pieces).map { size - Int((Double(pieces - $0) / Double(pieces)).squareRoot() * Double(size)) }
    Parallel.forEach(pieces) { piece in
      let target = scratch + piece * n
      target.update(repeating: 0, count: size)
      T.symmetricRows(a + shift, n, bounds[piece]..<bounds[piece + 1], size, u + start, target)
    }
    for piece in 0..<pieces { T.axpy(1, scratch + piece * n, x + start, size) }
  }

  /// The rest of the matrix ← itself − V Wᵀ − W Vᵀ.
  private func update(from start: Int, _ count: Int, _ v: UnsafeMutablePointer<T>) {
    Parallel.forEachChunk(of: n - start, size: 96) { rows in
      let (top, size) = (start + rows.lowerBound, n - start - rows.lowerBound)
      T.gemm(
        true, false, rows.count, size, 2 * count, -1, v + top, n, v + count * n + top, n, 1, a + top * n + top, n)
    }
  }

  /// z ← z Qᵀ for the rows of z (`count`×n, n numbers apart): eigenvectors of T become those of A.
  func multiply(_ z: UnsafeMutablePointer<T>, count: Int) {
    let reflectors = n - 1
    let starts = Array(stride(from: 0, to: reflectors, by: Self.block))
    for first in starts.reversed() {
      let size = min(Self.block, reflectors - first)
      let (origin, length) = (first + 1, n - first - 1)
      let storage = Storage(byteCount: size * (length + 2 * size) * MemoryLayout<T>.stride)
      let v = storage.pointer.bindMemory(to: T.self, capacity: size * (length + 2 * size))
      let (gram, t) = (v + size * length, v + size * (length + size))
      spread(first, size, v, length)
      triangularFactor(first, size, v, length, gram, t)
      Parallel.forEachChunk(of: count, size: 128) { rows in
        withScratch(T.self, 2 * rows.count * size) { s in
          let target = z + rows.lowerBound * n + origin
          let scaled = s + rows.count * size
          T.gemm(false, true, rows.count, size, length, 1, target, n, v, length, 0, s, size)
          T.gemm(false, true, rows.count, size, size, 1, s, size, t, size, 0, scaled, size)
          T.gemm(false, false, rows.count, length, size, -1, scaled, size, v, length, 1, target, n)
        }
      }
      withExtendedLifetime(storage) {}
    }
  }

  /// The reflectors of a block with the zeros and the one before them, one a row; nothing where a factor is zero.
  private func spread(_ first: Int, _ size: Int, _ v: UnsafeMutablePointer<T>, _ length: Int) {
    for k in 0..<size {
      let (row, j) = (v + k * length, first + k)
      row.update(repeating: 0, count: length)
      if tau[j] == 0 { continue }
      row[k] = 1
      (row + k + 1).update(from: a + j * n + j + 2, count: length - k - 1)
    }
  }

  /// H₀ H₁ … = 1 − V T Vᵀ, where T⁻¹ is the part of VᵀV above the diagonal with 1/τ on it (Puglisi 1992): T.
  private func triangularFactor(
    _ first: Int, _ size: Int, _ v: UnsafeMutablePointer<T>, _ length: Int, _ gram: UnsafeMutablePointer<T>,
    _ t: UnsafeMutablePointer<T>
  ) {
    T.gemm(false, true, size, size, length, 1, v, length, v, length, 0, gram, size)
    t.update(repeating: 0, count: size * size)
    // Row i of T from those below it: T[i, :] = −τᵢ G[i, i + 1 …] T[i + 1 …, :].
    for i in stride(from: size - 1, through: 0, by: -1) {
      let factor = tau[first + i]
      t[i * size + i] = factor
      for k in i + 1..<max(size, i + 1) {
        T.axpy(-factor * gram[i * size + k], t + k * size + k, t + i * size + k, size - k)
      }
    }
  }
}
