/// Rows of a table, one for each index.
///
/// - Parameters:
///   - table: [V, d₁, …].
///   - indices: `int32` or `int64` in 0..<V, of any shape.
/// - Returns: [indices…, d₁, …]. The derivative adds up the cotangents of rows that are used more than once.
///
/// Traps, naming it, for an index that has no row; unlike ``Tensor/gathering(_:along:)-(Tensor,_)``, −1 has none.
public func embedding(_ table: Tensor, indices: Tensor) -> Tensor {
  trapping { () throws(TensorError) in try checkRows(indices, of: table.shape) }
  return table.gathering(indices, along: 0)
}

func checkRows(_ indices: Tensor, of table: Shape) throws(TensorError) {
  guard indices.dtype == .int32 || indices.dtype == .int64 else {
    throw .dtype("embedding", "expected int32 or int64 indices, found \(indices.dtype)")
  }
  guard let rows = table.first else { throw .shape("embedding", "a table of shape \(table) has no rows") }
  for (place, index) in indices.value.scalars(as: Int64.self).enumerated() where !(0..<Int64(rows) ~= index) {
    throw .argument("embedding", "index \(index) (number \(place)) is none of the \(rows) rows of \(table)")
  }
}
