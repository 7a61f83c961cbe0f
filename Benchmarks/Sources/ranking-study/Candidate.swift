import Clew

/// A way to rank channels: by descending score.
struct Candidate: Sendable {
  enum Kind: String, Sendable {
    case gradient
    /// Looks at the features alone: whether a gradient earns its cost.
    case control
  }

  let name: String
  /// For the table, in Markdown.
  let formula: String
  var kind = Kind.gradient
  let score: @Sendable (ChannelStatistics) -> Double

  func ranking(_ statistics: [ChannelStatistics]) -> [Int] {
    let scores = statistics.map(score)
    return scores.indices.sorted { scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1] }
  }

  /// What the library ranks by.
  static let defaultName = ChannelTrace.Configuration(segments: 2).aggregation.rawValue

  /// With c the mean inside the segment minus the mean outside, s the channel's standard deviation over all nodes; ⟨·⟩ is the
  /// mean over the segment's nodes. The page explains the other letters.
  static let all: [Candidate] = signs + products + contrasts + neighbours + standardized + controls

  private static let signs: [Candidate] = [
    Candidate(name: "mean signed", formula: "⟨g⟩") { $0.scores.meanSigned },
    Candidate(name: "mean signed of the negated objective", formula: "−⟨g⟩") { -$0.scores.meanSigned },
    Candidate(name: "magnitude of mean signed", formula: "abs ⟨g⟩") { abs($0.scores.meanSigned) },
    Candidate(name: "mean absolute", formula: "⟨abs g⟩") { $0.scores.meanAbsolute },
    Candidate(name: "RMS", formula: "√⟨g²⟩") { $0.scores.rootMeanSquare },
    Candidate(name: "mean positive part", formula: "⟨max(g, 0)⟩") { $0.meanPositive },
    Candidate(name: "mean over standard error", formula: "⟨g⟩ / se⟨g⟩") {
      $0.scores.meanSigned / max($0.scores.standardError ?? 0, 1e-300)
    },
    Candidate(name: "magnitude of mean over standard error", formula: "abs ⟨g⟩ / se⟨g⟩") {
      abs($0.scores.meanSigned) / max($0.scores.standardError ?? 0, 1e-300)
    },
  ]

  private static let products: [Candidate] = [
    Candidate(name: "gradient × input", formula: "⟨g·x⟩") { $0.scores.gradientTimesInput },
    Candidate(name: "magnitude of gradient × input", formula: "abs ⟨g·x⟩") { abs($0.scores.gradientTimesInput) },
    Candidate(name: "mean absolute gradient × input", formula: "⟨abs g·x⟩") { $0.absoluteProduct },
    Candidate(name: "gradient × centred input", formula: "⟨g·(x − mean)⟩") { $0.centredProduct },
    Candidate(name: "gradient × difference from outside", formula: "⟨g·(x − mean outside)⟩") { $0.outsideProduct },
  ]

  private static let contrasts: [Candidate] = [
    Candidate(name: "gradient × contrast", formula: "⟨g⟩·c") { $0.scores.gradientTimesContrast },
    Candidate(name: "magnitude of gradient × contrast", formula: "abs ⟨g⟩·c") { abs($0.scores.gradientTimesContrast) },
    Candidate(name: "gradient × contrast, higher inside only", formula: "⟨g⟩·max(c, 0)") {
      $0.scores.meanSigned * max($0.contrast, 0)
    },
    Candidate(name: "mean absolute × contrast", formula: "⟨abs g⟩·abs c") { $0.scores.meanAbsolute * abs($0.contrast) },
    Candidate(name: "RMS × contrast", formula: "√⟨g²⟩·abs c") { $0.scores.rootMeanSquare * abs($0.contrast) },
    Candidate(name: "mean positive part × contrast", formula: "⟨max(g, 0)⟩·max(c, 0)") { $0.meanPositive * max($0.contrast, 0) },
  ]

  private static let neighbours: [Candidate] = [
    Candidate(name: "gradient × nearest difference", formula: "⟨g⟩·n") { $0.scores.meanSigned * $0.nearest },
    Candidate(name: "mean absolute × margin", formula: "⟨abs g⟩·m") { $0.scores.meanAbsolute * $0.margin },
    Candidate(name: "RMS × margin", formula: "√⟨g²⟩·m") { $0.scores.rootMeanSquare * $0.margin },
    Candidate(name: "gradient × margin", formula: "⟨g⟩·±max(m, 0)") {
      $0.scores.meanSigned * $0.signedMargin
    },
    Candidate(name: "mean absolute × lead", formula: "⟨abs g⟩·l") { $0.scores.meanAbsolute * $0.lead },
    Candidate(name: "gradient × lead", formula: "⟨g⟩·max(l, 0)") { $0.scores.meanSigned * max($0.lead, 0) },
    Candidate(name: "gradient × contrast × share", formula: "⟨g⟩·c·share") { $0.scores.gradientTimesContrast * $0.share },
  ]

  private static let standardized: [Candidate] = [
    Candidate(name: "mean signed over deviation", formula: "⟨g⟩ / s") { $0.scores.meanSigned / max($0.deviation, 1e-300) },
    Candidate(name: "mean absolute over deviation", formula: "⟨abs g⟩ / s") {
      $0.scores.meanAbsolute / max($0.deviation, 1e-300)
    },
    Candidate(name: "gradient × contrast over variance", formula: "⟨g⟩·c / s²") {
      $0.scores.gradientTimesContrast / max($0.deviation * $0.deviation, 1e-300)
    },
    Candidate(name: "\(defaultName): mean absolute × margin over variance", formula: "⟨abs g⟩·m / s²") {
      $0.scores.distinctiveness
    },
    Candidate(name: "mean absolute × margin over deviation", formula: "⟨abs g⟩·m / s") {
      $0.scores.meanAbsolute * $0.margin / max($0.deviation, 1e-300)
    },
    Candidate(name: "RMS × margin over variance", formula: "√⟨g²⟩·m / s²") {
      $0.scores.rootMeanSquare * $0.margin / max($0.deviation * $0.deviation, 1e-300)
    },
    Candidate(name: "gradient × margin over deviation", formula: "⟨g⟩·±max(m, 0) / s") {
      $0.scores.meanSigned * $0.signedMargin / max($0.deviation, 1e-300)
    },
    Candidate(name: "gradient × margin over variance", formula: "⟨g⟩·±max(m, 0) / s²") {
      $0.scores.meanSigned * $0.signedMargin / max($0.deviation * $0.deviation, 1e-300)
    },
    Candidate(name: "magnitude of gradient × margin over variance", formula: "abs ⟨g⟩·max(m, 0) / s²") {
      abs($0.scores.meanSigned * $0.signedMargin) / max($0.deviation * $0.deviation, 1e-300)
    },
    Candidate(name: "gradient × margin over pooled variance", formula: "⟨g⟩·±max(m, 0) / pooled s²") {
      $0.scores.meanSigned * $0.signedMargin / max($0.pooledDeviation * $0.pooledDeviation, 1e-300)
    },
    Candidate(name: "gradient × nearest difference over variance", formula: "⟨g⟩·n / s²") {
      $0.scores.meanSigned * $0.nearest / max($0.deviation * $0.deviation, 1e-300)
    },
    Candidate(name: "gradient × contrast over variance, higher inside only", formula: "⟨g⟩·max(c, 0) / s²") {
      $0.scores.meanSigned * max($0.contrast, 0) / max($0.deviation * $0.deviation, 1e-300)
    },
    Candidate(name: "mean absolute × contrast over variance", formula: "⟨abs g⟩·abs c / s²") {
      $0.scores.meanAbsolute * abs($0.contrast) / max($0.deviation * $0.deviation, 1e-300)
    },
    Candidate(name: "mean signed × deviation", formula: "⟨g⟩·s") { $0.scores.meanSigned * $0.deviation },
    Candidate(name: "magnitude of mean signed × deviation", formula: "abs ⟨g⟩·s") { abs($0.scores.meanSigned) * $0.deviation },
    Candidate(name: "mean absolute × deviation", formula: "⟨abs g⟩·s") { $0.scores.meanAbsolute * $0.deviation },
    Candidate(name: "RMS × deviation", formula: "√⟨g²⟩·s") { $0.scores.rootMeanSquare * $0.deviation },
    Candidate(name: "gradient × contrast over deviation", formula: "⟨g⟩·c / s") {
      $0.scores.gradientTimesContrast / max($0.deviation, 1e-300)
    },
  ]

  private static let controls: [Candidate] = [
    Candidate(name: "magnitude of contrast", formula: "abs c", kind: .control) { abs($0.contrast) },
    Candidate(name: "standardised difference", formula: "abs c / pooled deviation", kind: .control) {
      abs($0.contrast) / max($0.pooledDeviation, 1e-300)
    },
    Candidate(name: "standardised difference, higher inside", formula: "c / pooled deviation", kind: .control) {
      $0.contrast / max($0.pooledDeviation, 1e-300)
    },
    Candidate(name: "standardised nearest difference", formula: "abs n / pooled deviation", kind: .control) {
      abs($0.nearest) / max($0.pooledDeviation, 1e-300)
    },
    Candidate(name: "standardised margin", formula: "m / pooled deviation", kind: .control) {
      $0.margin / max($0.pooledDeviation, 1e-300)
    },
    Candidate(name: "standardised lead", formula: "l / pooled deviation", kind: .control) {
      $0.lead / max($0.pooledDeviation, 1e-300)
    },
    Candidate(name: "share of contrast", formula: "share", kind: .control) { $0.share },
    Candidate(name: "variance", formula: "s²", kind: .control) { $0.deviation * $0.deviation },
  ]
}
