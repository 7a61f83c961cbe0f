/// Orthonormal vectors that are added a block at a time, with their images under an operator A and VᵀAV, in memory that does
/// not move while they grow.
final class KrylovBasis {
  let capacity: Int
  private let vectorStore: Matrix<Double>
  private let imageStore: Matrix<Double>
  private let projectedStore: Matrix<Double>
  private(set) var count = 0

  init(rows: Int, capacity: Int) {
    self.capacity = capacity
    vectorStore = Matrix(uninitialized: rows, capacity)
    imageStore = Matrix(uninitialized: rows, capacity)
    projectedStore = Matrix(uninitialized: capacity, capacity)
  }

  /// V, [rows, count]
  var vectors: MatrixView<Double> { vectorStore.view.columns(0..<count) }
  /// A·V, [rows, count]
  var images: MatrixView<Double> { imageStore.view.columns(0..<count) }

  /// VᵀAV
  var projected: Matrix<Double> {
    let result = Matrix<Double>(uninitialized: count, count)
    for row in 0..<count { result.row(row).update(from: projectedStore.row(row), count: count) }
    return result
  }

  func append(_ block: Matrix<Double>, image: Matrix<Double>) {
    let old = count
    vectorStore.view.columns(old..<old + block.columns).copy(from: block.view)
    imageStore.view.columns(old..<old + block.columns).copy(from: image.view)
    count += block.columns
    let columns = MatrixView.innerProducts(vectors, image.view)
    for i in 0..<count {
      for j in old..<count {
        // Symmetric up to rounding; the mean of both where both are known.
        let value = i < old ? columns[i, j - old] : (columns[i, j - old] + columns[j, i - old]) / 2
        projectedStore[i, j] = value
        projectedStore[j, i] = value
      }
    }
  }

  /// V ← V·rotation and A·V ← A·V·rotation, in place: there is no memory to spare for a second of either.
  func rotate(by rotation: Matrix<Double>) {
    for view in [vectors, images] {
      Parallel.forEachChunk(of: view.rows, size: tallChunk) { rows in
        let first = rows.lowerBound
        let product = Matrix<Double>(uninitialized: rows.count, rotation.columns)
        Double.gemm(
          false, false, rows.count, rotation.columns, rotation.rows, 1, view.row(first), view.stride, rotation.pointer,
          rotation.columns, 0, product.pointer, rotation.columns)
        view.rows(rows).columns(0..<rotation.columns).copy(from: product.view)
      }
    }
    count = rotation.columns
  }

  /// V ← V·rotation for Ritz vectors with the given values.
  func restart(rotation: Matrix<Double>, values: [Double]) {
    rotate(by: rotation)
    for i in 0..<count { for j in 0..<count { projectedStore[i, j] = i == j ? values[i] : 0 } }
  }
}
