import GradientTesting
import Testing

@testable import Autograd

private func ramp(_ shape: Shape) -> Tensor {
  Tensor((0..<shape.elementCount).map(Double.init), shape: shape, dtype: .float64)
}
private func normal(_ shape: Shape, seed: UInt64) -> Tensor {
  var random = RandomSource(seed: seed)
  return Tensor(NDArray(random.normals(shape.elementCount), shape: shape))
}
private func expectClose(_ a: Tensor, _ b: [Double], _ tolerance: Double = 1e-12) {
  #expect(a.count == b.count)
  for (x, y) in zip(a.doubles, b) { #expect(abs(x - y) <= tolerance, "\(x) and \(y)") }
}

@Suite struct EinsumTests {
  @Test func familiarSums() {
    let (a, b) = (normal([2, 3], seed: 1), normal([3, 4], seed: 2))
    #expect(einsum("ij,jk->ik", a, b).doubles == matmul(a, b).doubles)
    expectClose(einsum("ij,jk -> ki", a, b), matmul(a, b).permuted([1, 0]).doubles)
    #expect(einsum("ij->ji", a).value == a.permuted([1, 0]).value && einsum("ba", a).value == a.permuted([1, 0]).value)
    expectClose(einsum("ij->", a), [a.sum().scalar])
    expectClose(einsum("ij,ij->", a, a), [square(a).sum().scalar])
    expectClose(einsum("i,j->ij", a[0], b[0]), (a[0].expanded(at: 1) * b[0]).doubles)
    expectClose(einsum("ij,jk", a, b), matmul(a, b).doubles)
    expectClose(einsum(",ij->ij", a[0, 0], a), (a[0, 0] * a).doubles)
  }

  @Test func batchesSumsAndThreeOperands() throws {
    let (a, b, c) = (normal([2, 3, 4], seed: 3), normal([5, 2, 4], seed: 4), normal([3, 5], seed: 5))
    // The definition, letter by letter; e is in one operand alone and gone before the second.
    var expected = [Double](repeating: 0, count: 2 * 5)
    for i in 0..<2 {
      for j in 0..<3 {
        for k in 0..<4 {
          for l in 0..<5 {
            expected[l * 2 + i] += a[i, j, k].scalar * b[l, i, k].scalar * c[j, l].scalar
          }
        }
      }
    }
    expectClose(einsum("ijk,lik,jl->li", a, b, c), expected)
    expectClose(
      einsum("ijk,lmk->il", a, b), matmul(a.sum(along: [1]), b.sum(along: [1]), transposeB: true).doubles)
    try checkGradients(of: { [einsum("ijk,lik,jl->li", $0[0], $0[1], $0[2])] }, at: [a, b, c], order: 2)
    #expect(einsum("ij,jk->ik", ramp([0, 2]), ramp([2, 3])).shape == [0, 3])
    #expect(einsum("ij,jk->ik", ramp([1, 0]), ramp([0, 2])).doubles == [0, 0])
  }

  @Test(arguments: ["ii->i", "ij,jk->ik", "ij->ik", "ij->ii", "i->i", "...j->j", "ij->i->j"])
  func wrongEquationsAreRefused(_ equation: String) {
    #expect(throws: TensorError.self) { try EinsumEquation(equation, [[2, 2]]) }
    #expect(throws: TensorError.self) { try EinsumEquation("ij,jk->ik", [[2, 3], [2, 3]]) }
  }
}

@Suite struct AttentionTests {
  private let query = ramp([1, 3, 2]) / 3
  private let key = ramp([1, 2, 2]) / 2 - 0.5
  private let value = ramp([1, 2, 3])

  @Test func attentionIsThatOfPyTorch() throws {
    // F.scaled_dot_product_attention(torch.arange(6.).reshape(1, 3, 2)/3, torch.arange(4.).reshape(1, 2, 2)/2 - 0.5,
    //   torch.arange(6.).reshape(1, 2, 3))
    let plain = [
      1.6759628059787217, 2.6759628059787217, 3.6759628059787217, 2.294040078984664, 3.294040078984664, 4.294040078984664,
      2.678874595604489, 3.678874595604489, 4.678874595604489,
    ]
    expectClose(scaledDotProductAttention(query, key, value), plain)
    // … attn_mask=torch.tensor([[True, False], [True, True], [False, True]])
    let mask = Tensor(NDArray([true, false, true, true, false, true], shape: [3, 2]))
    let masked = [0, 1, 2, 2.294040078984664, 3.294040078984664, 4.294040078984664, 3, 4, 5]
    expectClose(scaledDotProductAttention(query, key, value, mask: mask), masked)
    let penalty = Tensor([0, -1e9, 0, 0, -1e9, 0], shape: [3, 2], dtype: .float64)
    expectClose(scaledDotProductAttention(query, key, value, mask: penalty), masked)
    try checkGradients(
      of: { [scaledDotProductAttention($0[0], $0[1], $0[2], mask: mask)] }, at: [query, key, value], order: 2)
    try checkGradients(
      of: { [scaledDotProductAttention($0[0], $0[1], $0[2], mask: $0[3], scale: 0.3)] },
      at: [query, key, value, normal([3, 2], seed: 6)], order: 2)
  }

  @Test func aQueryThatSeesNothingGivesZero() throws {
    let mask = Tensor(NDArray([false, false, true, true, true, true], shape: [3, 2]))
    let q = query.recorded()
    let y = scaledDotProductAttention(q, key, value, mask: mask)
    #expect(y[0, 0].doubles == [0, 0, 0])
    let slopes = try y.sum().gradient(for: q).doubles
    #expect(slopes[0] == 0 && slopes[1] == 0 && slopes.allSatisfy { $0.isFinite })
  }
}

@Suite struct EmbeddingTests {
  @Test func rowsOfATable() throws {
    let indices = Tensor(NDArray([2, 0, 2, 1] as [Int64], shape: [2, 2]))
    let table = ramp([3, 2])
    let y = embedding(table, indices: indices)
    #expect(y.shape == [2, 2, 2] && y.doubles == [4, 5, 0, 1, 4, 5, 2, 3])
    #expect(try gradient(at: table) { embedding($0, indices: indices).sum() }.doubles == [1, 1, 1, 1, 2, 2])
    try checkGradients(of: { [embedding(square($0[0]), indices: indices)] }, at: [table], order: 2)
    #expect(throws: TensorError.self) { try checkRows(indices, of: [2, 2]) }
    #expect(throws: TensorError.self) { try checkRows(Tensor(NDArray([-1] as [Int64], shape: [1])), of: [2, 2]) }
    #expect(throws: TensorError.self) { try checkRows(ramp([1]), of: [2, 2]) }
  }
}

@Suite struct DropoutTests {
  @Test func keepsTheExpectation() throws {
    let x = Tensor(repeating: 1, shape: [100, 100]).recorded()
    var random = RandomSource(seed: 3)
    let y = dropout(x, probability: 0.2, isTraining: true, using: &random)
    let kept = y.doubles.count { $0 != 0 }
    // Four standard deviations of a binomial with n = 10⁴ and p = 0.8.
    #expect(abs(kept - 8000) < 160 && y.doubles.allSatisfy { $0 == 0 || $0 == 1.25 })
    #expect(try y.sum().gradient(for: x).value == y.value)
    var again = RandomSource(seed: 3)
    #expect(dropout(x, probability: 0.2, isTraining: true, using: &again).value == y.value)
  }

  @Test func atTheEnds() {
    let x = ramp([4])
    var random = RandomSource(seed: 3)
    #expect(dropout(x, isTraining: false, using: &random).value == x.value)
    #expect(dropout(x, probability: 1, isTraining: true, using: &random).doubles == [0, 0, 0, 0])
    #expect(dropout(x, probability: 0, isTraining: true, using: &random).value == x.value)
  }
}
