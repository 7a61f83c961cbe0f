import Foundation
import Statistics
import Testing

/// Minima that are known, and the way to them step by step as SciPy goes it (see `make_statistics_fixture.py`).
struct LimitedMemoryBFGSTests {
  typealias Function = @Sendable ([Double]) -> (value: Double, gradient: [Double])
  let expected: Expected

  init() throws { expected = try Expected.load() }

  private static let rosenbrock: Function = { x in
    var (value, gradient) = (0.0, x.map { _ in 0.0 })
    for i in 0..<x.count - 1 {
      let (rise, rest) = (x[i + 1] - x[i] * x[i], 1 - x[i])
      value += 100 * rise * rise + rest * rest
      gradient[i] += -400 * rise * x[i] - 2 * rest
      gradient[i + 1] += 200 * rise
    }
    return (value, gradient)
  }

  /// Σ of a function of each component, and its derivative.
  private static func sum(_ x: [Double], _ scales: [Double], _ term: (Double, Double) -> (Double, Double)) -> (Double, [Double]) {
    let terms = zip(x, scales).map(term)
    return (terms.reduce(0) { $0 + $1.0 }, terms.map(\.1))
  }

  private func function(_ name: String) throws -> Function {
    let scales = expected.minimaScales
    switch name {
    case "rosenbrock": return Self.rosenbrock
    case "quadratic":
      return { Self.sum($0, scales) { x, s in (0.5 * s * (x - 1) * (x - 1), s * (x - 1)) } }
    case "quartic":
      return { Self.sum($0, scales) { x, s in (s * x * x * x * x / 4 + x * x / 2, s * x * x * x + x) } }
    case "valley":
      return { x in
        let (square, slopes) = Self.sum(x, scales) { x, s in (s * (x - 1) * (x - 1), 2 * s * (x - 1)) }
        return (log1p(square), slopes.map { $0 / (1 + square) })
      }
    case "waves":
      return { Self.sum($0, scales) { x, _ in (1 - cos(3 * x) + 0.05 * x * x, 3 * sin(3 * x) + 0.1 * x) } }
    default: throw CocoaError(.featureUnsupported)
    }
  }

  @Test func stepByStep() throws {
    #expect(expected.minima.count == 30)
    for row in expected.minima {
      var search = LimitedMemoryBFGS()
      (search.memory, search.iterationLimit) = (row.memory, row.limit)
      let found = search.minimize(from: row.start, try function(row.name))
      let place = "\(row.name) of \(row.start.count), \(row.limit) steps, memory \(row.memory)"
      #expect(found.iterations == row.steps && found.evaluations == row.evaluations, "\(place)")
      #expect((found.ending == .iterationLimit) == (row.steps == row.limit), "\(place)")
      #expect(difference(found.parameters, row.x) < 1e-8, "\(place)")
      #expect(abs(found.value - row.f) <= 1e-8 * max(1, abs(row.f)), "\(place)")
    }
  }

  @Test(arguments: [("rosenbrock", 1.0), ("quadratic", 1.0), ("quartic", 0.0), ("valley", 1.0)])
  func knownMinima(name: String, minimum: Double) throws {
    var search = LimitedMemoryBFGS()
    (search.gradientTolerance, search.reductionTolerance) = (1e-9, 0)
    for row in expected.minima where row.name == name {
      search.memory = row.memory
      let function = try function(name)
      let found = search.minimize(from: row.start, function)
      #expect(found.ending == .gradient && found.gradient.allSatisfy { abs($0) <= 1e-9 }, "\(name)")
      #expect(found.parameters.allSatisfy { abs($0 - minimum) < 1e-8 } && found.value < 1e-15, "\(name)")
      let again = function(found.parameters)
      #expect(again.value == found.value && again.gradient == found.gradient)
    }
  }

  @Test func endings() throws {
    var search = LimitedMemoryBFGS()
    // From the minimum there is nowhere to go.
    let still = search.minimize(from: [1, 1], Self.rosenbrock)
    #expect(still.iterations == 0 && still.evaluations == 1 && still.ending == .gradient && still.parameters == [1, 1])
    search.reductionTolerance = 0.1
    #expect(search.minimize(from: [-1.2, 1], Self.rosenbrock).ending == .reduction)
    search.reductionTolerance = 0
    search.evaluationLimit = 10
    let exhausted = search.minimize(from: [-1.2, 1], Self.rosenbrock)
    #expect(exhausted.ending == .evaluationLimit && exhausted.evaluations == 11)
    // A gradient that points the wrong way: the start is what remains.
    let wrong = search.minimize(from: [3, 4]) { x in (x[0] * x[0] + x[1] * x[1], [-2 * x[0], -2 * x[1]]) }
    #expect(wrong.ending == .noDescent && wrong.parameters == [3, 4] && wrong.value == 25 && wrong.iterations == 0)
  }

  /// Where the function is not finite, the search ends at a place where it is.
  @Test func notFinite() {
    for worst in [Double.nan, .infinity] {
      let found = LimitedMemoryBFGS().minimize(from: [0.3, 5]) { x in
        x.allSatisfy { $0 > 0 }
          ? (x[0] - log(x[0]) + 100 * (x[1] - log(x[1])), [1 - 1 / x[0], 100 - 100 / x[1]]) : (worst, [worst, worst])
      }
      #expect(found.value.isFinite && found.parameters.allSatisfy { $0 > 0 } && found.gradient.allSatisfy(\.isFinite))
    }
    let lost = LimitedMemoryBFGS().minimize(from: [1]) { _ in (.nan, [.nan]) }
    #expect(lost.ending == .noDescent && lost.parameters == [1])
  }
}
