import Foundation

/// A seeded source of random numbers (xoshiro256**, Blackman & Vigna 2018): the same seed gives the same numbers everywhere.
public struct RandomSource: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  public init(seed: UInt64) {
    // SplitMix64 spreads the seed, as the authors of xoshiro recommend.
    var z = seed
    func splitMix(_ z: inout UInt64) -> UInt64 {
      z &+= 0x9E37_79B9_7F4A_7C15
      var x = z
      x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
      x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
      return x ^ (x >> 31)
    }
    state = (splitMix(&z), splitMix(&z), splitMix(&z), splitMix(&z))
  }

  public mutating func next() -> UInt64 {
    func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
    let result = rotate(state.1 &* 5, 7) &* 9
    let t = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= t
    state.3 = rotate(state.3, 45)
    return result
  }

  /// Uniform in [0, 1), with 53 random bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Standard normal (Box–Muller; one of the pair, so that the stream does not depend on hidden state).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// Standard normal values.
  public mutating func normals(_ count: Int) -> [Double] {
    var values: [Double] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(normal()) }
    return values
  }
}

extension RandomSource {
  /// A stream of its own for each `stream` of one seed, so that work that is cut into pieces does not depend on the cut.
  package init(seed: UInt64, stream: Int) {
    var source = RandomSource(seed: seed)
    self.init(seed: source.next() ^ UInt64(truncatingIfNeeded: stream) &* 0x9E37_79B9_7F4A_7C15)
  }

  /// Uniform in 0 ..< `bound`, which is positive (Lemire 2019, without the rejection: the bias is below 2⁻³² for any bound
  /// that fits into memory).
  package mutating func index(below bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

  /// 0 ..< `count` in a random order (Fisher & Yates).
  package mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for place in stride(from: count - 1, to: 0, by: -1) { order.swapAt(place, index(below: place + 1)) }
    return order
  }
}
