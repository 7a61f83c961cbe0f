import Autograd
import Foundation
import Testing

// What finite differences cannot see: values at the edges, NaN, ties, accuracy, threads.

private func tensor(_ values: [Double], _ dtype: DType = .float64) -> Tensor { Tensor(values, dtype: dtype) }

/// Distance in units in the last place; 0 for two NaN.
private func ulps<T: BinaryFloatingPoint>(_ value: T, _ reference: T) -> T {
  if value == reference || (value.isNaN && reference.isNaN) { return 0 }
  return abs(value - reference) / max(reference.ulp, T.leastNonzeroMagnitude)
}

@Suite struct ElementwiseTests {
  @Test func exponentialIsAccurateInFloat32() {
    let sweep = (0...400_000).map { Float(-110 + Double($0) * 0.0005) }
    let values: [Float] = exp(Tensor(NDArray(sweep, shape: [sweep.count]))).value.scalars()
    // Rounded once, from double.
    let worst = Swift.zip(values, sweep).map { ulps($0, Float(Foundation.exp(Double($1)))) }.max() ?? .infinity
    #expect(worst <= 2)
  }

  @Test func exponentialIsAccurateInFloat64() {
    let sweep = (0...400_000).map { -750 + Double($0) * 0.00367 }
    let worst = Swift.zip(exp(tensor(sweep)).doubles, sweep).map { ulps($0, Foundation.exp($1)) }.max() ?? .infinity
    #expect(worst <= 2)
  }

  @Test(arguments: [DType.float32, .float64]) func exponentialOfExtremes(_ dtype: DType) {
    let values = exp(tensor([.nan, .infinity, -.infinity, 0, 1000, -1000], dtype)).doubles
    #expect(values[0].isNaN)
    #expect(Array(values[1...]) == [.infinity, 0, 1, .infinity, 0])
  }

  @Test(arguments: [DType.float32, .float64]) func knownValues(_ dtype: DType) {
    func check(_ result: Tensor, _ expected: [Double], line: Int = #line) {
      let tolerance = dtype == .float32 ? 3e-7 : 1e-15
      for (x, y) in Swift.zip(result.doubles, expected) {
        #expect(x == y || abs(x - y) <= tolerance * abs(y), "\(x), expected \(y) (line \(line))")
      }
    }
    let x = tensor([-2, 0, 1], dtype)
    check(tanh(x), [-0.9640275800758169, 0, 0.7615941559557649])
    check(sigmoid(x), [0.11920292202211755, 0.5, 0.7310585786300049])
    check(relu(x), [0, 0, 1])
    check(gelu(x), [-0.04550026389635842, 0, 0.8413447460685429])
    // The tail keeps its relative accuracy: 1 + erf would cancel.
    #expect(abs(gelu(tensor([-8], dtype)).scalar / -4.97676845941746e-15 - 1) < (dtype == .float32 ? 2e-5 : 1e-13))
    check(erf(x), [-0.9953222650189527, 0, 0.8427007929497149])
    check(log1p(tensor([1e-12], dtype)), [dtype == .float32 ? Double(Float(1e-12)) : 9.999999999995e-13])
    check(sign(x), [-1, 0, 1])
    check(floor(tensor([-1.5, 2.9], dtype)), [-2, 2])
    check(1 / tensor([4, -0.5], dtype), [0.25, -2])
    check(3 / tensor([4], dtype), [0.75])
    check(pow(x, 3.0), [-8, 0, 1])
    check(pow(x, -1.0), [-0.5, .infinity, 1])
    check(pow(tensor([2, 9], dtype), tensor([3, 0.5], dtype)), [8, 3])
    check(x.clamped(to: -1...0.5), [-1, 0, 0.5])
    check(maximum(x, 0), [0, 0, 1])
    check(minimum(x, 0), [-2, 0, 0])
  }

  @Test func aQuotientIsRoundedOnce() {
    for divisor in 1...1000 { #expect((tensor([Double(divisor)]) / Double(divisor)).scalar == 1) }
  }

  @Test func notANumberPropagates() {
    let (a, b) = (tensor([.nan, 1, .nan]), tensor([1, .nan, .nan]))
    for result in [maximum(a, b), minimum(a, b), relu(a[..<1]), sign(a[..<1])] {
      #expect(result.doubles.filter(\.isNaN).count == result.count)
    }
    #expect(tensor([.nan, 1]).clamped(to: 0...2).doubles[0].isNaN)
  }

  @Test func tiesShareTheCotangent() throws {
    let (a, b) = (tensor([1, 2, 0]).recorded(), tensor([1, 1, 3]).recorded())
    let largest = try maximum(a, b).sum().gradient(for: [a, b]).map(\.doubles)
    #expect(largest == [[0.5, 1, 0], [0.5, 0, 1]])
    let smallest = try minimum(a, b).sum().gradient(for: [a, b]).map(\.doubles)
    #expect(smallest == [[0.5, 0, 1], [0.5, 1, 0]])
  }

  @Test func kinksHaveDerivativeZero() throws {
    let x = tensor([-1, 0, 2])
    #expect(try gradient(at: x) { relu($0).sum() }.doubles == [0, 0, 1])
    #expect(try gradient(at: x) { abs($0).sum() }.doubles == [-1, 0, 1])
  }

  @Test func powersAtZero() throws {
    let zero = tensor([0])
    for (exponent, expected) in [(0.0, 0.0), (1, 1), (1.5, 0), (2, 0), (3, 0)] {
      #expect(try gradient(at: zero) { pow($0, exponent).sum() }.doubles == [expected])
    }
    #expect(try hessian(at: zero) { pow($0, 2.0).sum() }.doubles == [2])
    let gradients = try valueAndGradient(at: [tensor([0, 0, 0]), tensor([0, 1, 2])]) { pow($0[0], $0[1]).sum() }.gradients
    #expect(gradients.map(\.doubles) == [[0, 1, 0], [0, 0, 0]])
  }

  @Test func comparisonsBroadcast() {
    let x = tensor([1, 2, .nan])
    #expect((x .< 2).doubles == [1, 0, 0])
    #expect((x .<= 2).doubles == [1, 1, 0])
    #expect((x .> 1).doubles == [0, 1, 0])
    #expect((x .>= 1).doubles == [1, 1, 0])
    #expect((x .== 2).doubles == [0, 1, 0])
    #expect((x .!= 2).doubles == [1, 0, 1])
    let grid = tensor([0, 1]).reshaped(to: [2, 1]) .< tensor([0, 1, 2])
    #expect(grid.dtype == .bool && grid.shape == [2, 3] && grid.doubles == [0, 1, 1, 0, 0, 1])
    let labels = Tensor(NDArray([1, 2, 3] as [Int64], shape: [3]))
    #expect((labels .> 1.5).doubles == [0, 1, 1])
    #expect((labels .== labels).doubles == [1, 1, 1])
  }

  @Test func selectionKeepsTheOtherBranchOut() throws {
    let x = tensor([0, 4])
    let gradient = try gradient(at: x) { x in select(where: x .> 0, x * 2, else: 1).sum() }
    #expect(gradient.doubles == [0, 2])
    #expect(select(where: tensor([.nan, 1]) .> 0, 5, else: tensor([2, 3])).doubles == [2, 5])
  }

  @Test func conversionCarriesTheGradient() throws {
    let x = tensor([1, 2], .float32)
    let gradient = try gradient(at: x) { square($0.converted(to: .float64)).sum().converted(to: .float32) }
    #expect(gradient.dtype == .float32 && gradient.doubles == [2, 4])
    let (values, tangents) = try jvp(at: [x], tangents: [x]) { [$0[0].converted(to: .float64)] }
    #expect(values[0].dtype == .float64 && tangents[0].dtype == .float64 && tangents[0].doubles == [1, 2])
    #expect(tensor([2.9, -2.9, .nan, 1e20]).converted(to: .int32).doubles == [2, -2, 0, Double(Int32.max)])
    #expect(!x.recorded().converted(to: .int32).isRecorded)
  }
}

/// Thread counts are a global setting, so these run one after the other.
@Suite(.serialized) struct ThreadTests {
  @Test func sameBitsAtOneAndTwoThreads() throws {
    let before = Parallel.threadCount
    defer { Parallel.threadCount = before }
    var random = RandomSource(seed: 3)
    let x = Tensor(NDArray(random.normals(300_000), shape: [300, 1000]).converted(to: .float32))
    let y = Tensor(NDArray(random.normals(1000), shape: [1000]).converted(to: .float32))
    let indices = Tensor(NDArray((0..<300).map { Int32($0 * 7 % 5) }, shape: [300]))
    let results = [1, 2, 3].map { threads in
      Parallel.threadCount = threads
      return [
        exp(x), x + y, x * x, maximum(x, y), softmax(x), logSoftmax(x, along: 0), x.sum(), x.sum(along: [0]), x.mean(along: [1]),
        x.logSumExp(), x.norm(), x.max(along: [0]), x.argmax(along: 1), x.gathering(indices, along: 0),
        x.scatterAdded(at: indices, along: 0, count: 5), x.flipped(along: 1), x.transposed, x .> y, x.variance(along: [0]),
      ].map(\.value)
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }
}
