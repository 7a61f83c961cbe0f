import Testing

@testable import Autograd

private func ramp(_ shape: Shape) -> Tensor {
  Tensor((0..<shape.elementCount).map(Double.init), shape: shape, dtype: .float64)
}

@Suite struct ShapeTests {
  @Test func slices() {
    let x = ramp([5])
    #expect(x.sliced(0, from: 1, to: -1).doubles == [1, 2, 3])
    #expect(x.sliced(0, by: 2).doubles == [0, 2, 4])
    #expect(x.sliced(0, from: 3, to: 0, by: -2).doubles == [3, 1])
    #expect(x.sliced(-1, by: -1).doubles == [4, 3, 2, 1, 0])
    #expect(x.sliced(0, from: 5).shape == [0] && ramp([0]).flipped(along: 0).shape == [0])
    let y = ramp([2, 3])
    #expect(y[1].doubles == [3, 4, 5] && y[0..., -1].doubles == [2, 5] && y[0, 1].shape == [])
    #expect(y[0...1, ..<2].doubles == [0, 1, 3, 4] && y[0..., -2 ... -1].doubles == [1, 2, 4, 5])
    #expect(y.flipped(along: 1).doubles == [2, 1, 0, 5, 4, 3])
    // Any dtype.
    #expect((y .> 2)[1].doubles == [1, 1, 1])
  }

  @Test func impossibleRangesAreRefused() {
    #expect(throws: TensorError.self) { try resolveRange(5, from: 6, to: nil, by: 1) }
    #expect(throws: TensorError.self) { try resolveRange(5, from: 0, to: 6, by: 1) }
    #expect(throws: TensorError.self) { try resolveRange(5, from: -6, to: nil, by: 1) }
    #expect(throws: TensorError.self) { try resolveRange(5, from: 3, to: 2, by: 1) }
    #expect(throws: TensorError.self) { try resolveRange(5, from: 5, to: nil, by: -1) }
    #expect(throws: TensorError.self) { try resolveRange(5, from: nil, to: nil, by: 0) }
    #expect(throws: TensorError.self) { try varianceDivisor([1], nil, 1) }
    #expect(throws: TensorError.self) { try varianceDivisor([0], nil, 0) }
  }

  @Test func joins() {
    let x = ramp([2, 2])
    #expect(concatenated([x, x + 10], along: 1).doubles == [0, 1, 10, 11, 2, 3, 12, 13])
    #expect(stacked([x[0], x[1]], along: 1).doubles == [0, 2, 1, 3] && stacked([x, x], along: -1).shape == [2, 2, 2])
    #expect(ramp([2]).repeated(2, along: 0).doubles == [0, 0, 1, 1] && ramp([2]).tiled(2, along: 0).doubles == [0, 1, 0, 1])
    #expect(x.tiled(2, along: 1).doubles == [0, 1, 0, 1, 2, 3, 2, 3])
    #expect(x.expanded(at: -1).shape == [2, 2, 1] && x.expanded(at: 0).squeezed(0).shape == [2, 2])
  }

  @Test func gathersAndScatters() throws {
    let x = ramp([3, 2])
    #expect(x.gathering([2, 0, -1], along: 0).doubles == [4, 5, 0, 1, 4, 5])
    #expect(x.gathering([1], along: 1).doubles == [1, 3, 5])
    let indices = Tensor(NDArray([1, 1, 0] as [Int32], shape: [3]))
    #expect(x.scatterAdded(at: indices, along: 0, count: 3).doubles == [4, 5, 2, 4, 0, 0])
    let best = x.argmax(along: 1, keepingAxes: true)
    #expect(x.taking(best, along: 1).doubles == [1, 3, 5])
  }

  @Test(arguments: [Int64(3), -4]) func anIndexOutOfRangeIsNamed(_ index: Int64) throws {
    let indices = Tensor(NDArray([0, index], shape: [2]))
    for primitive in [Gather(axis: 0), ScatterAdd(axis: 0, extent: 3)] as [any Primitive] {
      let values = primitive is Gather ? ramp([3]) : ramp([2])
      let error = try #require(throws: TensorError.self) { try primitive.apply([values, indices]) }
      #expect(error.description.contains("index \(index) (number 1)"))
    }
  }

  @Test func paddings() throws {
    let x = ramp([3])
    #expect(x.padded(before: [1], after: [2], .constant(7)).doubles == [7, 0, 1, 2, 7, 7])
    #expect(x.padded(before: [2], after: [2], .reflect).doubles == [2, 1, 0, 1, 2, 1, 0])
    #expect(x.padded(before: [1], after: [2], .edge).doubles == [0, 0, 1, 2, 2, 2])
    #expect(ramp([2, 2]).padded(before: [0, 1], after: [1, 0]).doubles == [0, 0, 1, 0, 2, 3, 0, 0, 0])
    #expect(try gradient(at: x) { $0.padded(before: [1], after: [2], .edge).sum() }.doubles == [2, 1, 3])
    #expect(throws: TensorError.self) { try paddingIndices([3], [3], [0], .reflect) }
    #expect(throws: TensorError.self) { try paddingIndices([0], [1], [0], .edge) }
    #expect(throws: TensorError.self) { try paddingIndices([3], [-1], [0], .constant(0)) }
    #expect(throws: TensorError.self) { try paddingIndices([3, 1], [1], [0], .edge) }
  }
}
