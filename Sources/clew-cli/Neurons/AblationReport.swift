import Clew

/// The JSON document of `clew neurons ablate`.
struct AblationReport: Encodable {
  struct Outcome: Encodable {
    let headAccuracy: Double
    @Nullable var groupProbe: Double?
    let targetProbe: Double
    @Nullable var margin: Double?
    @Nullable var logLoss: Double?
    let refittedGroupProbe: Double?
    let refittedTargetProbe: Double?

    init(_ outcome: SplitReport.Outcome) {
      headAccuracy = outcome.headAccuracy
      groupProbe = outcome.groupProbe
      targetProbe = outcome.targetProbe
      margin = outcome.margin
      logLoss = outcome.logLoss
      refittedGroupProbe = outcome.refittedGroupProbe
      refittedTargetProbe = outcome.refittedTargetProbe
    }
  }

  struct Control: Encodable {
    let headAccuracyMean: Double
    let headAccuracyStd: Double
    @Nullable var pValue: Double?
    @Nullable var targetPValue: Double?
    @Nullable var groupProbeMean: Double?
    @Nullable var groupProbeStd: Double?
    @Nullable var groupProbePValue: Double?

    init(_ control: SplitReport.Control) {
      headAccuracyMean = control.headAccuracyMean
      headAccuracyStd = control.headAccuracyStd
      pValue = control.pValue
      targetPValue = control.targetPValue
      groupProbeMean = control.groupProbeMean
      groupProbeStd = control.groupProbeStd
      groupProbePValue = control.groupProbePValue
    }
  }

  struct Row: Encodable {
    let k: Int
    let group: Outcome
    let target: Outcome
    let random: Control?
    let matchedNorm: Control?
    let matchedVariance: Control?

    init(_ row: SplitReport.Row) {
      k = row.number
      group = Outcome(row.group)
      target = Outcome(row.target)
      random = row.controls[.random].map(Control.init)
      matchedNorm = row.controls[.matchedNorm].map(Control.init)
      matchedVariance = row.controls[.matchedVariance].map(Control.init)
    }
  }

  struct Curve: Encodable {
    let group: Double
    let target: Double
    let randomMean: Double
    let randomStd: Double
    let pValue: Double
    let targetPValue: Double

    init(_ curve: SplitReport.Curve) {
      group = curve.group
      target = curve.target
      randomMean = curve.randomMean
      randomStd = curve.randomStd
      pValue = curve.pValue
      targetPValue = curve.targetPValue
    }
  }

  /// How far the fit of a probe went.
  struct Probe: Encodable {
    let solver: String
    let iterations: Int
    /// Of the sum of the losses and the penalty.
    let gradientNorm: Double

    init(_ scores: ProbeScores, _ solver: LogisticRegression.Solver) {
      if case .newton = solver { self.solver = "newton" } else { self.solver = "lbfgs" }
      iterations = scores.iterations
      gradientNorm = scores.gradientNorm
    }
  }

  /// Empty where the file does not name them.
  let featureNames: [String]
  let groupScore: [Double]
  let groupScoreMaximum: [Double]
  let targetScore: [Double]
  let targetScoreMaximum: [Double]
  let rankedBy: String
  let groupRanking: [Int]
  let targetRanking: [Int]
  let groupTop10: [Int]
  let targetTop10: [Int]
  let groupClasses: [String]
  /// Of the group and of the target.
  let probes: [String: Probe]
  let samples: [String: Int]
  let baseline: String
  let randomOrders: Int
  let sweep: [Row]
  let splits: [String: [Row]]
  /// Accuracy averaged over all K, with one p-value for the whole curve; by split and kind of control.
  let curves: [String: [String: Curve]]
  /// The other baselines, each by split.
  let otherBaselines: [String: [String: [Row]]]
  let warnings: [String]
  let provenance: Provenance

  init(_ study: NeuronAblation, featureNames: [String], provenance: Provenance) {
    func rows(_ splits: [SplitReport]) -> [String: [Row]] {
      Dictionary(uniqueKeysWithValues: splits.map { ($0.name, $0.rows.map(Row.init)) })
    }
    self.featureNames = featureNames
    groupScore = study.groupScores.euclidean
    groupScoreMaximum = study.groupScores.maximum
    targetScore = study.targetScores.euclidean
    targetScoreMaximum = study.targetScores.maximum
    rankedBy = study.configuration.norm.rawValue
    groupRanking = study.groupScores.ranking
    targetRanking = study.targetScores.ranking
    groupTop10 = Array(groupRanking.prefix(10))
    targetTop10 = Array(targetRanking.prefix(10))
    groupClasses = study.groupScores.classes.names
    let solver = study.configuration.probeSolver
    probes = ["group": Probe(study.groupScores, solver), "target": Probe(study.targetScores, solver)]
    samples = Dictionary(uniqueKeysWithValues: study.sampleCounts.map { ($0.split, $0.samples) })
    baseline = study.splits[0].baseline.rawValue
    randomOrders = study.configuration.drawsAsInSeed ? 5 : study.configuration.randomOrders
    sweep = study.splits[0].rows.map(Row.init)
    splits = rows(study.splits)
    curves = Dictionary(
      uniqueKeysWithValues: study.splits.map { split in
        let pairs = (split.curve ?? [:]).map { ($0.key.rawValue, Curve($0.value)) }
        return (split.name, Dictionary(uniqueKeysWithValues: pairs))
      })
    otherBaselines = Dictionary(
      uniqueKeysWithValues: study.otherBaselines.map { ($0.baseline.rawValue, rows($0.splits)) })
    warnings = study.warnings
    self.provenance = provenance
  }
}
