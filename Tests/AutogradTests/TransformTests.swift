import Autograd
import GradientTesting
import Testing

private func tensor(_ values: [Double], _ shape: Shape? = nil) -> Tensor { Tensor(values, shape: shape, dtype: .float64) }

@Suite struct TransformTests {
  @Test func gradientsNest() throws {
    // x⁴: 4x³, 12x², 24x, 24.
    func derivative(_ order: Int, _ x: Tensor) throws -> Tensor {
      order == 0 ? pow(x, 4.0) : try gradient(at: x) { try derivative(order - 1, $0) }
    }
    for (order, expected) in [(1, 32.0), (2, 48), (3, 48), (4, 24), (5, 0)] {
      #expect(try derivative(order, tensor([2], [])).scalar == expected)
    }
  }

  @Test func innerGradientsSeeOuterVariables() throws {
    // d/dx of x · d/dy(x y²) at y = 3: d/dx 6x² = 12x.
    let result = try gradient(at: tensor([5], [])) { x in try x * gradient(at: tensor([3], [])) { y in x * square(y) } }
    #expect(result.scalar == 60)
  }

  /// Whoever asks for a gradient where nothing is recorded gets it, not zeros.
  @Test func gradientsWhereRecordingIsOff() throws {
    let x = tensor([3], [])
    #expect(try Recording.off { try gradient(at: x) { square($0) } }.scalar == 6)
    #expect(try Recording.off { try hessian(at: x) { square($0) } }.scalar == 2)
    // For an outer gradient, the inner one is a constant then.
    let outer = try gradient(at: x) { y in try y * Recording.off { try gradient(at: y) { square($0) } } }
    #expect(outer.scalar == 6)
  }

  @Test func cotangentsAndTangentsOfOtherShapesAreRefused() throws {
    let x = tensor([1, 2])
    for wrong in [[tensor([1], [])], [tensor([1, 2, 3])], [], [x, x]] {
      #expect(throws: TensorError.self) { try vjp(at: [x], cotangents: wrong) { $0 } }
      #expect(throws: TensorError.self) { try jvp(at: [x], tangents: wrong) { $0 } }
    }
  }

  @Test func hessianVectorProducts() throws {
    // f = x₀²x₁: H = [[2x₁, 2x₀], [2x₀, 0]].
    func f(_ x: Tensor) -> Tensor { square(x[0]) * x[1] }
    let x = tensor([3, 5])
    #expect(try hessianVectorProduct(at: x, tensor([1, -1]), f).doubles == [4, 6])
    #expect(try hessian(at: x, f).doubles == [10, 6, 6, 0])
    #expect(try hessian(at: x, f).shape == [2, 2])
  }

  @Test func jacobians() throws {
    let x = tensor([1, 2, 3, 4], [2, 2])
    let jacobian = try jacobian(at: x) { $0.sum(along: [0]) }
    #expect(jacobian.shape == [2, 2, 2] && jacobian.doubles == [1, 0, 1, 0, 0, 1, 0, 1])
    #expect(try Autograd.jacobian(at: x) { $0.sliced(0, to: 0) }.shape == [0, 2, 2, 2])
  }

  @Test func aMillionNodesAreReleased() throws {
    let x = tensor([1], []).recorded()
    do {
      var y = x
      for _ in 0..<1_000_000 { y = y + 1 }
      #expect(try y.gradient(for: x).scalar == 1)
    }
    #expect(x.scalar == 1)
  }

  @Test func compositesHaveRightDerivatives() throws {
    var random = RandomSource(seed: 5)
    let x = Tensor(NDArray(random.normals(12), shape: [2, 3, 2]))
    let composites: [@Sendable (Tensor) -> Tensor] = [
      { $0.variance(along: [1], correction: 1) }, { $0.product(along: [0, 2]) }, { $0.norm(.one, along: [1]) },
      { $0.norm(.infinity) }, { $0.clamped(to: -0.5...0.5) }, { $0.padded(before: [0, 2, 1], after: [1, 0, 1], .reflect) },
      { $0.padded(before: [2, 0, 1], after: [1, 0, 1], .edge) }, { $0.tiled(2, along: 1).repeated(3, along: -1) },
      { stacked([$0, $0 * $0], along: 1)[0..., -1] }, { maximum($0, 0.1) - minimum($0, -0.1) + 2 / (1 + $0 * $0) },
    ]
    for composite in composites { try checkGradients(of: { [composite($0[0])] }, at: [x], order: 2) }
  }
}
