// Holding derivatives of your own against finite differences, with XCTest.
import Clew
import GradientTesting
import XCTest

final class GradientTests: XCTestCase {
  /// ln Σ eˣ/n: a smooth maximum.
  private func smoothMaximum(_ x: Tensor) -> Tensor { x.logSumExp() - Double(x.count).logarithm }

  /// A test that throws fails with the error's message: the worst entry, both numbers, the step and the tolerance.
  func testSmoothMaximum() throws {
    try checkGradients(of: smoothMaximum, at: Tensor([0.2, -3, 1]), order: 2)
  }

  /// In float32, for code that takes nothing else: the step and the tolerance follow.
  func testInFloat32() throws {
    let offset = Tensor([1, 2, 3])
    try checkGradients(of: { self.smoothMaximum($0 + offset) }, at: Tensor([0.2, -3, 1]), precision: .float32)
  }

  func testAHistoryCutOffIsFound() {
    XCTAssertThrowsError(try checkGradients(of: { $0 * $0.detached }, at: Tensor([1, 2]))) { error in
      XCTAssertTrue(error is GradientMismatch, "\(error)")
    }
  }
}

extension Double {
  fileprivate var logarithm: Double { log(Tensor([self], dtype: .float64)).scalar }
}
