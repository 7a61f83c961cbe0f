import Autograd
import TensorCore

extension ONNXFunctions {
  static let products: [String: Function] = [
    "MatMul": { call in
      let (a, b) = (try call.input(0), try call.input(1))
      guard a.dtype == b.dtype else { throw TensorError.dtype(call.name, "\(a.dtype) and \(b.dtype) do not mix") }
      return [try call.numeric(a) { a in try product(call, a, b.converted(to: a.dtype)) }]
    },
    "Gemm": gemm,
    "Einsum": einsteinSum,
  ]

  /// As NumPy's: an array with one axis is a row on the left and a column on the right.
  private static func product(_ call: OperatorCall, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    guard a.rank >= 1, b.rank >= 1 else {
      throw TensorError.shape(call.name, "expected arrays with axes, found \(a.shape), \(b.shape)")
    }
    let left = a.rank == 1 ? a.expanded(at: 0) : a
    let right = b.rank == 1 ? b.expanded(at: 1) : b
    guard left.shape[left.rank - 1] == right.shape[right.rank - 2] else {
      throw TensorError.shape(call.name, "\(a.shape) · \(b.shape): inner sizes differ")
    }
    let batch = try call.broadcast([Shape(Array(left.shape.dropLast(2))), Shape(Array(right.shape.dropLast(2)))])
    let full = Shape(batch.extents + [left.shape[left.rank - 2], right.shape[right.rank - 1]])
    try call.checked(full)
    let y = matmul(left, right)
    var kept = y.shape.extents
    if b.rank == 1 { kept.removeLast() }
    if a.rank == 1 { kept.remove(at: kept.count - (b.rank == 1 ? 1 : 2)) }
    return y.reshaped(to: Shape(kept))
  }

  /// alpha·op(A)·op(B) + beta·C.
  private static let gemm: Function = { call in
    let (a, b) = (try call.input(0), try call.input(1))
    let (transposeA, transposeB) = (try call.flag("transA"), try call.flag("transB"))
    let (alpha, beta) = (try call.float("alpha", 1), try call.float("beta", 1))
    guard a.rank == 2, b.rank == 2, a.dtype == b.dtype, a.shape[transposeA ? 0 : 1] == b.shape[transposeB ? 1 : 0] else {
      throw TensorError.shape(
        call.name, "\(a.dtype)\(a.shape)\(transposeA ? "ᵀ" : "") · \(b.dtype)\(b.shape)\(transposeB ? "ᵀ" : "") does not fit")
    }
    let shape: Shape = [a.shape[transposeA ? 1 : 0], b.shape[transposeB ? 0 : 1]]
    try call.checked(shape)
    return [
      try call.numeric(a) { a in
        var y = matmul(a, b.converted(to: a.dtype), transposeA: transposeA, transposeB: transposeB)
        if alpha != 1 { y = y * alpha }
        guard let c = call.optional(2) else { return y }
        guard c.dtype == b.dtype, try call.broadcast([c.shape, shape]) == shape else {
          throw TensorError.shape(call.name, "\(c.dtype)\(c.shape) cannot be added to \(shape)")
        }
        let added = c.converted(to: a.dtype)
        return y + (beta == 1 ? added : added * beta)
      }
    ]
  }

  private static let einsteinSum: Function = { call in
    let inputs = try call.inputs()
    let equation = try call.string("equation", "")
    guard inputs.allSatisfy({ $0.dtype.isFloating && $0.dtype == inputs[0].dtype }) else {
      throw TensorError.dtype(call.name, "expected floating-point inputs of one precision")
    }
    let (terms, result) = try einsumTerms(call, equation, inputs.map(\.rank))
    var operands = inputs
    var letters = terms
    for index in operands.indices { (operands[index], letters[index]) = try diagonal(call, operands[index], terms[index]) }
    return [try einsum(letters.map { String($0) }.joined(separator: ",") + "->" + String(result), of: operands)]
  }

  /// The letters of each operand and of the result, with capital ones in place of an ellipsis (equations have small ones, mostly).
  private static func einsumTerms(
    _ call: OperatorCall, _ equation: String, _ ranks: [Int]
  ) throws -> (operands: [[Character]], result: [Character]) {
    let sides = equation.filter { $0 != " " }.split(separator: "->", omittingEmptySubsequences: false)
    let terms = sides.first.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
    let spare = "ZYXWVUTSRQPONMLKJIHGFEDCBA".filter { !equation.contains($0) }
    guard sides.count <= 2, terms.count == ranks.count else {
      throw call.error("the equation '\(equation)' does not fit its inputs")
    }
    var widest = 0
    for (term, rank) in zip(terms, ranks) where term.contains("...") { widest = max(widest, rank - (term.count - 3)) }
    guard widest <= spare.count else { throw call.error("the equation '\(equation)' has too many axes") }
    func filled(_ term: String, _ count: Int) -> [Character] {
      guard let dots = term.firstRange(of: "...") else { return Array(term) }
      return Array(term[..<dots.lowerBound]) + Array(spare.prefix(widest).suffix(max(0, count))) + Array(term[dots.upperBound...])
    }
    let operands = zip(terms, ranks).map { term, rank in filled(term, rank - (term.count - 3)) }
    if sides.count == 2 { return (operands, filled(String(sides[1]), widest)) }
    let all = operands.joined()
    let once = Set(all).filter { letter in !spare.prefix(widest).contains(letter) && all.count { $0 == letter } == 1 }
    return (operands, Array(spare.prefix(widest)) + once.sorted())
  }

  /// An operand in which a letter is repeated, reduced to the elements with equal places along these axes.
  private static func diagonal(_ call: OperatorCall, _ x: Tensor, _ letters: [Character]) throws -> (Tensor, [Character]) {
    guard Set(letters).count < letters.count, letters.count == x.rank else { return (x, letters) }
    let distinct = letters.indices.filter { letters.firstIndex(of: letters[$0]) == $0 }
    guard
      letters.indices.allSatisfy({ axis in letters.firstIndex(of: letters[axis]).map { x.shape[$0] == x.shape[axis] } ?? false })
    else { throw TensorError.shape(call.name, "axes of one letter differ in \(x.shape)") }
    let shape = Shape(distinct.map { x.shape[$0] })
    let (own, strides) = (shape.strides, x.shape.strides)
    let steps = distinct.map { axis in letters.indices.filter { letters[$0] == letters[axis] }.map { strides[$0] }.reduce(0, +) }
    let places = (0..<shape.elementCount).map { flat in
      shape.indices.reduce(0) { $0 + flat / own[$1] % shape[$1] * steps[$1] }
    }
    return (call.taking(places, of: x, shape: shape), distinct.map { letters[$0] })
  }
}
