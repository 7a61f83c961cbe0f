import Attribution
import Foundation
import Testing

/// Seeded random small cases through the library behind `clew trace`: finite numbers or a typed error, whatever the input.
@Suite struct RandomCaseTests {
  struct Case {
    let features: NDArray
    let segments: Int
    let width: AffinityWidth

    init(seed: UInt64) {
      var random = RandomSource(seed: seed)
      func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
      func uniform() -> Double { Double(random.next() >> 11) / Double(1 << 53) }
      let (nodes, channels) = (2 + below(39), 1 + below(6))
      let scale = pow10(60 * uniform() - 30)
      let offset = below(3) == 0 ? scale * 1e3 * uniform() : 0
      var values = random.normals(nodes * channels).map { $0 * scale + offset }
      for channel in 0..<channels where below(4) == 0 {
        let constant = values[channel]
        for node in 0..<nodes { values[node * channels + channel] = constant }
      }
      for channel in 0..<channels where below(5) == 0 {
        let factor = pow10(20 * uniform() - 10)
        for node in 0..<nodes { values[node * channels + channel] *= factor }
      }
      let copies = below(3) == 0 ? below(nodes) : 0
      for _ in 0..<copies {
        let (from, to) = (below(nodes), below(nodes))
        for channel in 0..<channels { values[to * channels + channel] = values[from * channels + channel] }
      }
      features = NDArray(values, shape: [nodes, channels])
      segments = 2 + below(nodes - 1)
      width = below(2) == 0 ? .medianDistance : .value(scale * pow10(8 * uniform() - 4))
    }
  }

  @Test(arguments: [DType.float32, .float64], RotationRule.allCases)
  func finiteNumbersOrATypedError(_ precision: DType, _ rotation: RotationRule) throws {
    var refused = 0
    for seed in 0..<UInt64(300) {
      let random = Case(seed: seed)
      do {
        let trace = try ChannelTrace(
          random.features,
          configuration: .init(segments: random.segments, width: random.width, rotation: rotation, precision: precision))
        check(trace, random, seed)
      } catch SpectralError.degenerate(let message) {
        // Only a constant rotation can depend on the choice of eigenvectors between equal eigenvalues.
        #expect(rotation == .frozen, "seed \(seed): \(message)")
        refused += 1
      }
    }
    #expect(refused < 150)
  }

  private func check(_ trace: ChannelTrace, _ random: Case, _ seed: UInt64) {
    var numbers: [Double] = trace.gradients.doubles + trace.cut.eigenvalues
    numbers += trace.cut.residuals
    numbers.append(trace.cut.sigma)
    for segment in trace.segments {
      numbers += [segment.objective, segment.solveResidual]
      for channel in segment.channels {
        numbers.append(channel.standardError ?? 0)
        for aggregation in ChannelAggregation.allCases { numbers.append(channel[aggregation]) }
      }
    }
    #expect(numbers.allSatisfy { $0.isFinite }, "seed \(seed)")
    #expect(trace.assignment.count == random.features.shape[0] && trace.cut.sigma > 0, "seed \(seed)")
    #expect(trace.cut.eigenvalues.allSatisfy { $0 > -1e-6 && $0 < 1 + 1e-6 }, "seed \(seed)")
    #expect((trace.cut.residuals.max() ?? 0) < 1e-9, "seed \(seed)")
  }
}

private func pow10(_ exponent: Double) -> Double { pow(10, exponent) }
