import Autograd
import GradientTesting
import Testing

/// The checker itself: it must find what is wrong, name it, and keep kinks apart from mistakes.
@Suite struct GradientTestingTests {
  private func tensor(_ values: [Double], _ shape: Shape? = nil) -> Tensor { Tensor(values, shape: shape, dtype: .float64) }

  @Test func rightDerivativesPass() throws {
    let report = try checkGradients(of: { exp($0) * sin($0) }, at: tensor([0.3, -1.2, 2]), order: 2)
    // Both modes, both orders: 3 entries of Jᵀu and 3 of Jv each.
    #expect(report.checkedEntries == 12 && report.nonSmoothPoints.isEmpty && report.largestDifference < 1e-8)
  }

  @Test func aWrongEntryIsNamed() throws {
    // The history of one element is cut off.
    func wrong(_ x: Tensor) -> Tensor { concatenated([square(x[0..<2]), square(x[2...].detached)], along: 0) }
    let mismatch = try #require(throws: GradientMismatch.self) {
      try checkGradients(of: { wrong($0).sum() }, at: tensor([1, 2, 3]))
    }
    #expect(mismatch.entry == [2] && mismatch.analytic == 0 && mismatch.step != nil)
    let message = mismatch.description
    for part in ["vector–Jacobian product, input 0", "at [2]", "\(mismatch.reference)", "step", "tolerance"] {
      #expect(message.contains(part), "\(message)")
    }
  }

  /// A derivative that is off by little more than the tolerance is found, one within is not.
  @Test(arguments: [DType.float32, .float64]) func theToleranceIsSharp(_ precision: DType) throws {
    let tolerance = precision == .float32 ? 2e-3 : 1e-6
    /// 1000x, with a derivative that is off by `error`, relatively.
    func off(by error: Double) -> (Tensor) -> Tensor { { x in 1000 * (x * (1 + error) - x.detached * error) } }
    try checkGradients(of: off(by: tolerance / 4), at: tensor([0.7]), precision: precision)
    #expect(throws: GradientMismatch.self) {
      try checkGradients(of: off(by: tolerance * 2), at: tensor([0.7]), precision: precision)
    }
  }

  @Test func kinksAreReportedAsSuch() throws {
    // At 0 the central difference of |x| is 0, which is also what abs gives: agreement that means nothing.
    for function in [{ abs($0) }, { relu($0) }, { maximum($0, 2 * $0) }] as [@Sendable (Tensor) -> Tensor] {
      let point = try #require(throws: NonSmoothPoint.self) { try checkGradients(of: function, at: tensor([1, 0, 2])) }
      #expect(point.entry == [1] && abs(point.right - point.left) > 0.3 * abs(point.right))
      #expect(point.description.contains("not smooth"))
    }
    let report = try checkGradients(of: { abs($0) }, at: tensor([1, 0, 2]), allowsNonSmoothPoints: true)
    // Entry 1 of Jᵀu and of Jv.
    #expect(report.nonSmoothPoints.count == 2 && report.checkedEntries == 4)
  }

  @Test func jumpsAreReportedAsSuch() throws {
    let point = try #require(throws: NonSmoothPoint.self) {
      try checkGradients(of: { select(where: $0 .> 1, $0 + 1, else: $0) }, at: tensor([1, 3]))
    }
    #expect(point.entry == [0])
  }

  /// A kink that the first step reaches across, but not the point itself, is neither a mistake nor a kink.
  @Test func kinksCloseByDoNotDisturb() throws {
    for distance in [1e-3, 3e-4, 2e-4, 1e-4, -2e-5, 1e-5] {
      try checkGradients(of: { abs($0) }, at: tensor([distance, 1]))
      try checkGradients(of: { relu($0) * $0 }, at: tensor([distance]), order: 2)
    }
  }

  @Test func secondOrderKinksAreFoundThere() throws {
    // relu(x)² has a derivative at 0, but that has a kink.
    try checkGradients(of: { square(relu($0)) }, at: tensor([0, 1]))
    let point = try #require(throws: NonSmoothPoint.self) {
      try checkGradients(of: { square(relu($0)) }, at: tensor([0, 1]), order: 2)
    }
    #expect(point.check.hasPrefix("second order") && point.entry == [0])
  }

  @Test func controlFlowIsFollowed() throws {
    // Newton's method for a square root, as long as it takes; then a branch on the value.
    func root(_ x: Tensor) -> Tensor {
      var y = x
      while abs(square(y) - x).doubles.max() ?? 0 > 1e-13 { y = (y + x / y) * 0.5 }
      return y.sum().scalar > 3 ? y * y : 3 * y
    }
    try checkGradients(of: root, at: tensor([2, 3]), order: 2)
    try checkGradients(of: root, at: tensor([0.5, 0.3]))
  }

  @Test(arguments: [0, 1, 2]) func refinementsAgree(_ refinements: Int) throws {
    let x = tensor([0.3, 40, -700])
    let report = try checkGradients(of: { sin($0 / 10) * $0 }, at: x, refinements: refinements)
    #expect(report.largestDifference < 1e-7)
    try checkGradients(of: { sin($0 / 10) * $0 }, at: x, precision: .float32, refinements: refinements)
  }

  /// Functions with float32 constants in them take nothing else.
  @Test func float32Functions() throws {
    let weights = Tensor([0.5, -1, 2])
    try checkGradients(of: { tanh($0 * weights) }, at: Tensor([1, 2, 3]), order: 2, precision: .float32)
    #expect(throws: GradientMismatch.self) {
      try checkGradients(of: { tanh($0 * weights) + $0.detached }, at: Tensor([1, 2, 3]), precision: .float32)
    }
  }

  @Test func notANumberNeverPasses() {
    #expect(throws: (any Error).self) { try checkGradients(of: { sqrt($0) }, at: tensor([-1])) }
    #expect(throws: (any Error).self) { try checkGradients(of: { $0 * Double.nan }, at: tensor([1])) }
  }

  @Test func indicesStayAsTheyAre() throws {
    let indices = Tensor(NDArray([2, 0] as [Int64], shape: [2]))
    try checkGradients(of: { [square($0[0]).gathering($0[1], along: 0)] }, at: [tensor([1, 2, 3]), indices], order: 2)
  }
}
