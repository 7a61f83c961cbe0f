import Autograd
import GradientTesting
import Testing

private func tensor(_ values: [Double], _ shape: Shape? = nil) -> Tensor { Tensor(values, shape: shape, dtype: .float64) }

@Suite struct OrderTests {
  @Test func cumulativeSums() {
    let x = tensor([1, 2, 3, 4, 5, 6], [2, 3])
    #expect(x.cumulativeSum(along: 1).doubles == [1, 3, 6, 4, 9, 15])
    #expect(x.cumulativeSum(along: 0).doubles == [1, 2, 3, 5, 7, 9])
    #expect(x.cumulativeSum(along: -1, reversed: true).doubles == [6, 5, 3, 15, 11, 6])
    // In float32 alone, 2²⁴ + 1 would stay 2²⁴ for ever.
    #expect(Tensor([16_777_216, 1, 1]).cumulativeSum(along: 0).doubles == [16_777_216, 16_777_216, 16_777_218])
  }

  @Test func sortingIsStable() throws {
    let x = tensor([2, 1, 2, .nan, 1, -.infinity], [6]).recorded()
    let (values, indices) = x.sorted()
    #expect(indices.dtype == .int64 && indices.doubles == [5, 1, 4, 0, 2, 3])
    #expect(values.doubles.dropLast() == [-.infinity, 1, 1, 2, 2] && values.doubles[5].isNaN)
    #expect(x.sorted(descending: true).indices.doubles == [3, 0, 2, 1, 4, 5])
    let weights = tensor([1, 2, 3, 4, 5, 6])
    #expect(try values.gradient(for: [x], cotangent: weights)[0].doubles == [4, 2, 5, 6, 3, 1])
  }

  @Test func sortsAlongAnyAxis() throws {
    let x = tensor([3, 1, 2, 0, 5, -1], [3, 2])
    #expect(x.sorted(along: 0).values.doubles == [2, -1, 3, 0, 5, 1])
    #expect(x.sorted(along: 0, descending: true).indices.doubles == [2, 0, 0, 1, 1, 2])
    for function in [
      { [square($0[0]).sorted(along: 0).values] }, { [square($0[0]).sorted(descending: true).values] },
      { [square($0[0]).topK(2, along: 0).values] },
    ] as [([Tensor]) -> [Tensor]] {
      try checkGradients(of: function, at: [tensor([3, 1.4, 2, 0.5, 5, -1], [3, 2])], order: 2)
    }
  }

  @Test func largestAndSmallest() {
    let x = tensor([3, 1, 3, 0, 5, -1], [2, 3])
    let (values, indices) = x.topK(2)
    #expect(values.doubles == [3, 3, 5, 0] && indices.doubles == [0, 2, 1, 0] && values.shape == [2, 2])
    #expect(x.topK(1, along: 0, smallest: true).values.doubles == [0, 1, -1])
    #expect(x.topK(0).values.shape == [2, 0] && tensor([], [0, 2]).sorted(along: 0).values.shape == [0, 2])
  }
}
