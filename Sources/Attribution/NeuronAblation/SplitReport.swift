/// How the head and the probes do on one split, by the number of ablated features.
public struct SplitReport: Sendable {
  /// After ablating the first features of one ranking.
  public struct Outcome: Sendable, Equatable {
    public let headAccuracy: Double
    /// Mean of the true logit less the largest other one; `nil` if no sample has a class that the head knows.
    public let margin: Double?
    /// Mean of −log of the head's softmax probability of the true class, in nats; `nil` as `margin`.
    public let logLoss: Double?
    /// Accuracy of the probe for the group as it was fitted; `nil` where the split has fewer than two groups.
    public let groupProbe: Double?
    /// Accuracy of the probe for the target as it was fitted.
    public let targetProbe: Double
    /// The same of probes fitted anew on ablated features; `nil` unless asked for.
    public let refittedGroupProbe: Double?
    public let refittedTargetProbe: Double?
  }

  /// Random orders, for comparison with both rankings.
  public struct Control: Sendable, Equatable {
    /// Of the head's accuracy over the orders.
    public let headAccuracyMean: Double
    /// Population standard deviation over the orders.
    public let headAccuracyStd: Double
    /// Two-sided: how often a random order moves the head's accuracy as far as ablating by group did,
    /// min(1, 2 (1 + the smaller tail) / (1 + orders)). `nil` for the controls of the published procedure.
    public let pValue: Double?
    /// The same for ablating by target.
    public let targetPValue: Double?
    /// Of the group probe's accuracy; `nil` where the split has fewer than two groups.
    public let groupProbeMean: Double?
    public let groupProbeStd: Double?
    /// How often a random order moves the group probe's accuracy as far as ablating by group did.
    public let groupProbePValue: Double?
  }

  public struct Row: Sendable {
    /// Ablated features.
    public let number: Int
    /// By the ranking of the group's probe.
    public let group: Outcome
    /// By the ranking of the target's probe.
    public let target: Outcome
    /// One for each kind asked for.
    public let controls: [AblationControl: Control]
  }

  public let name: String
  public let baseline: AblationBaseline
  public let rows: [Row]
  /// The head's accuracy averaged over all numbers of ablated features from 0 to D: one test for the whole curve instead of one
  /// for each number. For each kind of control; `nil` for the published procedure.
  public let curve: [AblationControl: Curve]?

  public struct Curve: Sendable {
    public let group: Double
    public let target: Double
    public let randomMean: Double
    public let randomStd: Double
    /// Two-sided, of the group's curve among the random ones.
    public let pValue: Double
    public let targetPValue: Double
  }
}
