import Clew

/// Data in which a group goes with the target in training and not in the test, and leaks into some features; and a head that was
/// trained on them.
struct ShortcutCase {
  static let (samples, width, leaks) = (300, 48, 6)
  let train: FeatureSplit
  let test: FeatureSplit
  let head: LinearHead

  /// - Parameter strength: by how many standard deviations a leaking feature differs between the groups.
  init(strength: Double, seed: UInt64) throws {
    var random = RandomSource(seed: seed)
    func split(_ name: String, agreement: Double) throws -> FeatureSplit {
      var (values, groups, targets): ([Double], [String], [String]) = ([], [], [])
      for _ in 0..<Self.samples {
        let target = random.uniform() < 0.5 ? 0 : 1
        let group = random.uniform() < agreement ? target : 1 - target
        for feature in 0..<Self.width {
          // The first features leak; a third of the others know the target.
          let signal = feature < Self.leaks ? strength * Double(group) : feature % 3 == 0 ? 0.4 * Double(target) : 0
          values.append(signal + random.normal())
        }
        groups.append(String(group))
        targets.append(String(target))
      }
      let features = NDArray(values, shape: [Self.samples, Self.width])
      return try FeatureSplit(name: name, features: features, groups: groups, targets: targets)
    }
    train = try split("train", agreement: 0.9)
    test = try split("test", agreement: 0.5)
    let fit = try LogisticRegression(features: train.features, labels: train.targets.map { Int($0) ?? 0 }, classCount: 2)
    head = try LinearHead(weight: fit.coefficients, bias: NDArray(fit.intercepts, shape: [1]))
  }

  struct Outcome {
    /// Share of the leaks among the first of the ranking.
    var recall = 0.0
    var accuracyBefore = 0.0
    var accuracyAfter = 0.0
    /// Of ablating as many features as leak, by the group's ranking, against random and against matched orders.
    var randomPValue = 1.0
    var matchedPValue = 1.0
    /// The same for one of the matched orders in the place of the ranking.
    var controlPValue = 1.0
  }

  /// - Parameter orders: of each control.
  func outcome(orders: Int, seed: UInt64) throws -> Outcome {
    var configuration = NeuronAblation.Configuration()
    configuration.numbers = [0, Self.leaks]
    configuration.randomOrders = orders
    configuration.controls = [.random, .matchedNorm]
    configuration.seed = seed
    let study = try NeuronAblation(head: head, train: train, splits: [test], configuration: configuration)
    let (before, after) = (study.splits[0].rows[0], study.splits[0].rows[1])
    let ranking = study.groupScores.ranking
    var outcome = Outcome()
    outcome.recall = Double(ranking.prefix(Self.leaks).count { $0 < Self.leaks }) / Double(Self.leaks)
    (outcome.accuracyBefore, outcome.accuracyAfter) = (before.group.headAccuracy, after.group.headAccuracy)
    outcome.randomPValue = after.controls[.random]?.pValue ?? 1
    outcome.matchedPValue = after.controls[.matchedNorm]?.pValue ?? 1

    // One more order, drawn as the matched controls are, judged as the ranking is.
    let standardization = try Standardization(train.features)
    let norms = zip(head.columnNorms, standardization.scales).map { $0 * $1 }
    let drawn = ControlOrders(count: orders + 1, matching: ranking, by: norms, seed: seed &+ 99).orders
    let means = NDArray((0..<test.count).flatMap { _ in standardization.means }, shape: test.features.shape)
    let sweep = AblationSweep(
      head: head, features: test.features, baselines: means, labels: test.targets.map { Int($0) ?? 0 })
    let accuracies = sweep.accuracies(along: drawn).map { $0[Self.leaks] }
    let rest = accuracies.dropFirst()
    let tail = min(rest.count { $0 <= accuracies[0] }, rest.count { $0 >= accuracies[0] })
    outcome.controlPValue = min(1, 2 * Double(1 + tail) / Double(1 + rest.count))
    return outcome
  }
}
