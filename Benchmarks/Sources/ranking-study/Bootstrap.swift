import Clew

/// A mean over cases with a 95 % interval.
struct Estimate: Sendable {
  let mean: Double
  let low: Double
  let high: Double
}

/// Percentile bootstrap over cases. The same resamples serve every candidate, so that differences between candidates are
/// paired; each generator keeps its number of cases in every resample.
struct Bootstrap: Sendable {
  private let resamples: [[Int]]

  init(_ outcomes: [CaseOutcome], count: Int = 4000, seed: UInt64) {
    var source = RandomSource(seed: seed)
    let strata = PlantedCase.Generator.allCases.map { generator in
      outcomes.indices.filter { outcomes[$0].generator == generator }
    }
    var resamples: [[Int]] = []
    for _ in 0..<count {
      resamples.append(
        strata.flatMap { cases in cases.map { _ in cases[Int(source.uniform() * Double(cases.count))] } })
    }
    self.resamples = resamples
  }

  /// - Parameter values: one for each case.
  func estimate(_ values: [Double]) -> Estimate {
    let means = resamples.map { cases in mean(cases.map { values[$0] }) }.sorted()
    func quantile(_ share: Double) -> Double { means.isEmpty ? 0 : means[Int((Double(means.count - 1) * share).rounded())] }
    return Estimate(mean: mean(values), low: quantile(0.025), high: quantile(0.975))
  }
}

func mean(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }
