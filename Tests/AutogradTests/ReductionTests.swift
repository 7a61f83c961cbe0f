import Autograd
import Foundation
import Testing

private func tensor(_ values: [Double], _ shape: Shape? = nil) -> Tensor { Tensor(values, shape: shape, dtype: .float64) }

@Suite struct ReductionTests {
  @Test func knownValues() {
    let x = tensor([1, 5, 3, 4, 2, 6], [2, 3])
    #expect(x.mean().scalar == 3.5)
    #expect(x.mean(along: [0]).doubles == [2.5, 3.5, 4.5])
    #expect((x.variance(along: [1]) * 3).doubles == [8, 8])
    #expect(x.variance(along: [-1], correction: 1, keepingAxes: true).doubles == [4, 4])
    #expect(x.max(along: [0]).doubles == [4, 5, 6] && x.min(along: [1], keepingAxes: true).shape == [2, 1])
    #expect(x.product().scalar == 720 && x.product(along: [1]).doubles == [15, 48])
    #expect(tensor([3, -4]).norm().scalar == 5 && tensor([3, -4]).norm(.one).scalar == 7)
    #expect(tensor([3, -4]).norm(.infinity).scalar == 4)
  }

  @Test func meanOfEqualNumbersIsThatNumber() {
    #expect(Tensor(repeating: 1, shape: [49], dtype: .float64).mean().scalar == 1)
  }

  @Test func argumentsAreTheFirst() {
    let x = tensor([1, 3, 3, 0, .nan, 7, 0, 0, 0], [3, 3])
    #expect(x.argmax(along: 1).doubles == [1, 1, 0])
    #expect(x.argmin(along: 1).doubles == [0, 1, 0])
    #expect(x.argmax(along: 1).dtype == .int64 && x.argmax(along: 0, keepingAxes: true).shape == [1, 3])
  }

  @Test func extremaPropagateNaNAndShareTies() throws {
    #expect(tensor([1, .nan]).max().scalar.isNaN && tensor([.nan, 1]).min().scalar.isNaN)
    let third = 1.0 / 3
    #expect(try gradient(at: tensor([2, 1, 2, 2, 0])) { $0.max() }.doubles == [third, 0, third, third, 0])
    #expect(try gradient(at: tensor([2, 1, 1])) { $0.min() }.doubles == [0, 0.5, 0.5])
  }

  @Test func nothingReduced() {
    let empty = Tensor(NDArray.zeros([0, 2]))
    #expect(empty.sum().scalar == 0 && empty.sum(along: [0]).doubles == [0, 0])
    #expect(empty.product().scalar == 1 && empty.norm().scalar == 0 && empty.logSumExp().scalar == -.infinity)
    #expect(empty.max(along: [1]).shape == [0])
  }

  @Test func softmaxOfLargeNumbers() {
    for values in [[1000.0, 1001, 1002], [-1002, -1001, -1000]] {
      for (p, expected) in zip(softmax(tensor(values)).doubles, [0.09003057317038046, 0.24472847105479764, 0.6652409557748218]) {
        #expect(abs(p - expected) < 1e-15)
      }
    }
    #expect(logSoftmax(tensor([0, 1000])).doubles == [-1000, 0])
    #expect(softmax(tensor([0, -.infinity])).doubles == [1, 0])
    let columns = softmax(tensor([0, 1, 0, 1], [2, 2]), along: 0)
    #expect(columns.doubles == [0.5, 0.5, 0.5, 0.5])
  }

  @Test func logSumExpOfInfinities() throws {
    let x = tensor([-.infinity, -.infinity, 0, -.infinity, 1000, 1000], [3, 2])
    #expect(x.logSumExp(along: [1]).doubles == [-.infinity, 0, 1000 + log(2.0)])
    #expect(tensor([.infinity, 1]).logSumExp().scalar == .infinity && tensor([.nan, 1]).logSumExp().scalar.isNaN)
    let gradient = try gradient(at: x[..<2]) { x in
      let y = x.logSumExp(along: [1])
      return select(where: y .== -.infinity, 0, else: y).sum()
    }
    #expect(gradient.doubles == [0, 0, 1, 0])
    #expect(try Autograd.gradient(at: tensor([-.infinity, -.infinity])) { $0.logSumExp() }.doubles == [0, 0])
  }

  @Test func normsAtTheirEdges() throws {
    for order in [NormOrder.one, .two] {
      #expect(try gradient(at: tensor([0, 0])) { $0.norm(order) }.doubles == [0, 0])
    }
    #expect(try hessian(at: tensor([0, 0])) { $0.norm() }.doubles.filter(\.isNaN) == [])
    for size in [1e200, 1, 1e-200] { #expect(abs(tensor([3 * size, 4 * size]).norm().scalar / (5 * size) - 1) < 1e-15) }
    #expect(abs(Tensor([3e30, 4e30]).norm().scalar / 5e30 - 1) < 1e-6)
    #expect(tensor([1, -.infinity]).norm().scalar == .infinity && tensor([1, .nan]).norm().scalar.isNaN)
  }

  @Test func productsWithZeros() throws {
    #expect(try gradient(at: tensor([2, 0, 3])) { $0.product() }.doubles == [0, 6, 0])
    #expect(try gradient(at: tensor([0, 0, 3])) { $0.product() }.doubles == [0, 0, 0])
    #expect(try hessian(at: tensor([0, 0, 3])) { $0.product() }.doubles == [0, 3, 0, 3, 0, 0, 0, 0, 0])
  }
}

@Suite struct SoftmaxAxisTests {
  /// Along any axis as along the last one after moving it there.
  @Test(arguments: [DType.float32, .float64]) func anyAxis(_ dtype: DType) {
    var random = RandomSource(seed: 9)
    let x = Tensor(random.normals(3 * 5 * 601), shape: [3, 5, 601], dtype: dtype) * 30
    for axis in 0..<3 {
      var order = [0, 1, 2]
      order.swapAt(axis, 2)
      let moved = x.permuted(order)
      func expectSame(_ a: Tensor, _ b: Tensor) {
        for (u, v) in zip(a.doubles, b.doubles) { #expect(abs(u - v) <= (dtype == .float32 ? 1e-5 : 1e-13) * max(1, abs(v))) }
      }
      expectSame(softmax(x, along: axis), softmax(moved).permuted(order))
      expectSame(logSoftmax(x, along: axis), logSoftmax(moved).permuted(order))
      expectSame(x.logSumExp(along: [axis], keepingAxes: true), moved.logSumExp(along: [2], keepingAxes: true).permuted(order))
    }
  }

  @Test func infinitiesDownColumns() {
    let x = Tensor([-.infinity, 1, .infinity, .nan, -.infinity, 2, 3, 4], shape: [2, 4], dtype: .float64)
    let sums = x.logSumExp(along: [0]).doubles
    #expect(sums[0] == -.infinity && abs(sums[1] - 2.313261687518223) < 1e-14 && sums[2] == .infinity && sums[3].isNaN)
    let weights = softmax(x, along: 0).doubles
    #expect(weights[0].isNaN && abs(weights[1] + weights[5] - 1) < 1e-15)
  }
}
