#if arch(x86_64)  // Float80, the reference, exists nowhere else.
  import CKernels
  import Foundation
  import TensorCore
  import Testing

  /// The errors that CKernels.h promises, against long double.
  @Suite struct KernelAccuracyTests {
    struct Function: CustomTestStringConvertible, Sendable {
      let testDescription: String
      let operation: UnaryOperation
      /// Units in the last place: float32 and float64.
      let bounds: (Double, Double)
      /// Where it is tried; densely near zero, too.
      let domain: ClosedRange<Double>
      let reference: @Sendable (Float80) -> Float80
    }

    static let functions = [
      Function(testDescription: "exp", operation: CK_EXP, bounds: (1.1, 1.1), domain: -708...709) { expl($0) },
      Function(testDescription: "log", operation: CK_LOG, bounds: (0.51, 1), domain: 0...1e30) { logl($0) },
      Function(testDescription: "log near 1", operation: CK_LOG, bounds: (0.51, 1), domain: 0.4...2.5) { logl($0) },
      Function(testDescription: "expm1", operation: CK_EXPM1, bounds: (0.51, 2), domain: -50...700) { expm1l($0) },
      Function(testDescription: "expm1 near 0", operation: CK_EXPM1, bounds: (0.51, 2), domain: -1...1) { expm1l($0) },
      Function(testDescription: "log1p", operation: CK_LOG1P, bounds: (0.51, 1.5), domain: -0.999...1000) { log1pl($0) },
      Function(testDescription: "tanh", operation: CK_TANH, bounds: (0.51, 2.5), domain: -20...20) { tanhl($0) },
      Function(testDescription: "sigmoid", operation: CK_SIGMOID, bounds: (2.5, 2.5), domain: -80...80) { sigmoid($0) },
      Function(testDescription: "silu", operation: CK_SILU, bounds: (3, 3), domain: -80...80) { $0 * sigmoid($0) },
      Function(testDescription: "softplus", operation: CK_SOFTPLUS, bounds: (1.5, 2), domain: -80...80) {
        max($0, 0) + log1pl(expl(-abs($0)))
      },
      Function(testDescription: "erf", operation: CK_ERF, bounds: (0.51, 2), domain: -7...7) { erfl($0) },
      Function(testDescription: "gelu", operation: CK_GELU, bounds: (0.51, 10), domain: -12...9) { gelu($0) },
      Function(testDescription: "gelu's tail", operation: CK_GELU, bounds: (0.51, 10), domain: -36 ... -6) { gelu($0) },
      Function(testDescription: "sqrt", operation: CK_SQRT, bounds: (0.5, 0.5), domain: 0...1e10) { $0.squareRoot() },
    ]

    /// Uniform over the domain, and a third of them crowded towards zero.
    private func points(_ domain: ClosedRange<Double>) -> [Double] {
      var random = RandomSource(seed: 5)
      return (0..<60_000).map { index in
        let u = random.uniform()
        let x = domain.lowerBound + (domain.upperBound - domain.lowerBound) * u
        return index % 3 == 0 ? x * pow(random.uniform(), 8) : x
      }
    }

    /// The largest error over `x` in units in the last place, over normal results.
    private func worst<T: RealScalar>(_ x: [T], _ y: [T], _ reference: (Float80) -> Float80) -> (error: Double, at: T?) {
      var worst: (error: Double, at: T?) = (0, nil)
      for (x, y) in zip(x, y) {
        let exact = reference(Float80(x))
        let rounded = T(exact)
        guard rounded.isNormal else { continue }
        let error = Double(abs(exact - Float80(y)) / Float80(rounded.ulp))
        if !(error <= worst.error) { worst = (error, x) }
      }
      return worst
    }

    /// The plan's gelu: 2·10⁻⁷ of the larger of 1 and |x|, and the limits.
    @Test func shortGelu() {
      let x = points(-40...40).map { Float($0) } + points(-6...6).map { Float($0) }
      var y = x
      ck_gelu_short_f32(&y, y.count)
      for (x, y) in zip(x, y) { #expect(abs(Double(y) - Double(gelu(Float80(x)))) <= 2e-7 * max(1, abs(Double(x))), "\(x)") }
      var ends: [Float] = [.infinity, -.infinity, .nan, 0]
      ck_gelu_short_f32(&ends, 4)
      // −∞ counts as the −5.3 from which on Φ is 0.
      #expect(ends[0] == .infinity && abs(ends[1]) <= 2e-7 * 5.3 && ends[2].isNaN && ends[3] == 0)
    }

    @Test(arguments: functions) func staysWithinItsBound(_ function: Function) {
      let points = points(function.domain)
      let doubles = NDArray(points, shape: [points.count])
      let inDouble = worst(points, doubles.map(function.operation).scalars(), function.reference)
      #expect(inDouble.error <= function.bounds.1, "float64 at \(String(describing: inDouble.at))")
      let singles = doubles.converted(to: .float32)
      let inSingle = worst(
        singles.scalars(as: Float.self), singles.map(function.operation).scalars(as: Float.self), function.reference)
      #expect(inSingle.error <= function.bounds.0, "float32 at \(String(describing: inSingle.at))")
    }

    @Test func powersStayWithinTheirBound() {
      for exponent in [0.5, 3, 4, -2, 1.7, -0.3, 7, -11.5] {
        let bases = points(0.001...20).map { $0 + 0.001 }
        let doubles = NDArray(bases, shape: [bases.count])
        let inDouble = worst(bases, doubles.power(exponent).scalars()) { powl($0, Float80(exponent)) }
        #expect(inDouble.error <= 2, "\(exponent) in float64 at \(String(describing: inDouble.at))")
        let singles = doubles.converted(to: .float32)
        let inSingle = worst(singles.scalars(as: Float.self), singles.power(exponent).scalars(as: Float.self)) {
          powl($0, Float80(Float(exponent)))
        }
        #expect(inSingle.error <= 2, "\(exponent) in float32 at \(String(describing: inSingle.at))")
      }
    }

    /// Where C's functions are infinite, zero or not a number, ours are, too; the sign of zero included.
    @Test func specialValuesAreThoseOfC() {
      let points: [Double] = [0, -0.0, .infinity, -.infinity, .nan, -1, 1e-45, 1, -2, 1e-300, -1e-20, 1e300, -1e300]
      for (name, operation, reference) in [
        ("exp", CK_EXP, Foundation.exp), ("log", CK_LOG, Foundation.log), ("expm1", CK_EXPM1, Foundation.expm1),
        ("log1p", CK_LOG1P, Foundation.log1p), ("tanh", CK_TANH, Foundation.tanh), ("erf", CK_ERF, Foundation.erf),
      ] as [(String, UnaryOperation, (Double) -> Double)] {
        let results = NDArray(points, shape: [points.count]).map(operation).doubles
        for (x, y) in zip(points, results) {
          let exact = reference(x)
          let agrees = exact.isNaN ? y.isNaN : y == exact || abs(y - exact) <= 4 * exact.ulp
          #expect(agrees && (exact != 0 || y.sign == exact.sign), "\(name)(\(x)) is \(y), not \(exact)")
        }
      }
      let ends = NDArray([-Double.infinity, .infinity], shape: [2])
      #expect(ends.map(CK_GELU).doubles == [0, .infinity])
      #expect(ends.map(CK_SILU).doubles == [0, .infinity])
    }

    @Test func powersAtSpecialPointsAreThoseOfC() {
      let bases: [Float] = [0, -0.0, 1, -1, 2, -2, .infinity, -.infinity, .nan, 0.5, -0.5, 1e30, -3]
      let exponents: [Float] = [0, -0.0, 1, -1, 2, 3, -3, 0.5, -0.5, .infinity, -.infinity, .nan, 16_777_216, 1e30, 8_388_609]
      for base in bases {
        for exponent in exponents {
          let x = NDArray([base], shape: [1])
          let y = NDArray.zip(CK_POWER, x, NDArray([exponent], shape: [1])).scalars(as: Float.self)[0]
          let constant = x.power(Double(exponent)).scalars(as: Float.self)[0]
          let exact = powf(base, exponent)
          for result in [y, constant] {
            let agrees = exact.isNaN ? result.isNaN : result == exact && result.sign == exact.sign
            #expect(agrees, "\(base)^\(exponent) is \(result), not \(exact)")
          }
        }
      }
    }
  }

  private func sigmoid(_ x: Float80) -> Float80 { 1 / (1 + expl(-x)) }
  private func gelu(_ x: Float80) -> Float80 { x * erfcl(-x * Float80(0.5).squareRoot()) / 2 }
#endif
