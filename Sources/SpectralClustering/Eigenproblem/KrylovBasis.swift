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

  /// V ← V·rotation for Ritz vectors with the given values.
  func restart(rotation: Matrix<Double>, values: [Double]) {
    let (leading, image) = (MatrixView.product(vectors, rotation), MatrixView.product(images, rotation))
    count = rotation.columns
    vectors.copy(from: leading.view)
    images.copy(from: image.view)
    for i in 0..<count { for j in 0..<count { projectedStore[i, j] = i == j ? values[i] : 0 } }
  }
}
