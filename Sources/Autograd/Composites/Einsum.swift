/// Σ of products in Einstein's notation: `einsum("bij,bjk->bik", a, b)` is a matrix product.
///
/// Operands are contracted from left to right, each step one ``matmul(_:_:transposeA:transposeB:)``.
///
/// - Parameters:
///   - equation: one letter for each axis, operands separated by commas; after `->` the axes of the result. Without it these are
///     the letters that occur once, in alphabetical order. Spaces do not count.
///   - operands: of one dtype; axes of the same letter have the same extent.
/// - Returns: the sum over all letters that are missing from the result.
///
/// Traps for an equation that does not fit. Ellipses and a letter repeated within one operand (a diagonal) are not supported.
public func einsum(_ equation: String, _ operands: Tensor...) -> Tensor {
  trapping { () throws(TensorError) in try einsum(equation, of: operands) }
}

/// The same for equations that come from files: throws for one that does not fit.
package func einsum(_ equation: String, of operands: [Tensor]) throws(TensorError) -> Tensor {
  let plan = try EinsumEquation(equation, operands.map(\.shape))
  var (result, labels) = (operands[0], plan.inputs[0])
  for (index, operand) in operands.enumerated().dropFirst() {
    let later = Set(plan.inputs[(index + 1)...].joined()).union(plan.output)
    (result, labels) = contract(result, labels, operand, plan.inputs[index], keeping: later)
  }
  return summed(result, labels, to: plan.output)
}

/// An equation that has been checked against the operands' shapes.
struct EinsumEquation {
  let inputs: [[Character]]
  let output: [Character]

  init(_ equation: String, _ shapes: [Shape]) throws(TensorError) {
    func error(_ message: String) -> TensorError { .argument("einsum", "\(message) in “\(equation)”") }
    let sides = equation.filter { $0 != " " }.split(separator: "->", omittingEmptySubsequences: false)
    guard sides.count <= 2, let left = sides.first else { throw error("more than one arrow") }
    inputs = left.split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    guard inputs.count == shapes.count, !shapes.isEmpty else {
      throw error("\(inputs.count) operands expected, \(shapes.count) given")
    }
    var extents: [Character: Int] = [:]
    for (labels, shape) in zip(inputs, shapes) {
      guard labels.allSatisfy({ $0.isLetter }) else { throw error("something that is not a letter (ellipses are not supported)") }
      guard Set(labels).count == labels.count else {
        throw error("a letter is repeated within “\(String(labels))” (a diagonal, which is not supported)")
      }
      guard labels.count == shape.rank else {
        throw .shape("einsum", "“\(String(labels))” does not name the axes of \(shape) in “\(equation)”")
      }
      for (label, extent) in zip(labels, shape) {
        if let known = extents[label], known != extent {
          throw .shape("einsum", "“\(label)” is \(known) and \(extent) of \(shapes) in “\(equation)”")
        }
        extents[label] = extent
      }
    }
    if sides.count == 2 {
      output = Array(sides[1])
    } else {
      let all = inputs.joined()
      output = extents.keys.filter { label in all.count { $0 == label } == 1 }.sorted()
    }
    guard Set(output).count == output.count else { throw error("a letter is repeated in the result") }
    if let unknown = output.first(where: { extents[$0] == nil }) { throw error("“\(unknown)” of the result is in no operand") }
  }
}

/// Both operands multiplied and summed over what nobody needs any more: a matrix product for each value of the shared letters.
private func contract(
  _ a: Tensor, _ aLabels: [Character], _ b: Tensor, _ bLabels: [Character], keeping later: Set<Character>
) -> (Tensor, [Character]) {
  let shared = aLabels.filter { bLabels.contains($0) }
  let batch = shared.filter { later.contains($0) }
  let inner = shared.filter { !later.contains($0) }
  // Letters of one operand alone that go nowhere are summed before they cost anything.
  let rows = aLabels.filter { !shared.contains($0) && later.contains($0) }
  let columns = bLabels.filter { !shared.contains($0) && later.contains($0) }
  let left = summed(a, aLabels, to: batch + rows + inner)
  let right = summed(b, bLabels, to: batch + columns + inner)
  func extents(_ x: Tensor, _ from: Int, _ count: Int) -> [Int] { Array(x.shape[from..<from + count]) }
  let (batchExtents, rowExtents) = (extents(left, 0, batch.count), extents(left, batch.count, rows.count))
  let columnExtents = extents(right, batch.count, columns.count)
  let depth = extents(left, batch.count + rows.count, inner.count).reduce(1, *)
  let product = matmul(
    left.reshaped(to: [batchExtents.reduce(1, *), rowExtents.reduce(1, *), depth]),
    right.reshaped(to: [batchExtents.reduce(1, *), columnExtents.reduce(1, *), depth]), transposeB: true)
  return (product.reshaped(to: Shape(batchExtents + rowExtents + columnExtents)), batch + rows + columns)
}

/// Axes in the order of `target`, those that it lacks summed.
private func summed(_ x: Tensor, _ labels: [Character], to target: [Character]) -> Tensor {
  let gone = labels.indices.filter { !target.contains(labels[$0]) }
  let rest = labels.filter { target.contains($0) }
  let order = target.compactMap { rest.firstIndex(of: $0) }
  let reduced = gone.isEmpty ? x : x.sum(along: gone)
  return order == Array(rest.indices) ? reduced : reduced.permuted(order)
}
