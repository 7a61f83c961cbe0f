import Statistics
import TensorCore

/// All that a report needs beside the split and the baseline.
struct AblationStudy {
  let head: LinearHead
  let targets: ClassCoding
  let train: FeatureSplit
  let standardization: Standardization
  let standardized: NDArray
  let group: FittedProbe
  let target: FittedProbe
  let groupOrder: [Int]
  let targetOrder: [Int]
  let numbers: [Int]
  let configuration: NeuronAblation.Configuration

  /// Why the group probe has no accuracy on a split.
  static func groupProbeProblem(_ split: FeatureSplit, _ classes: ClassCoding) -> String? {
    guard let groups = split.groups else { return "no group labels, so that the group probe has no accuracy" }
    let known = Set(groups).intersection(classes.names)
    if known.isEmpty {
      return "none of its groups is one of \(classes.count) of the training split; the group probe has no accuracy"
    }
    if Set(groups).count < 2 { return "one group only (\(groups[0])), so that the accuracy of the group probe means nothing" }
    return nil
  }

  func report(on split: FeatureSplit, baseline: AblationBaseline) throws(NeuronError) -> SplitReport {
    let values = baseline.values(
      train: train, split: split, trainMeans: standardization.means, seed: configuration.seed)
    func sweep(_ head: LinearHead, _ labels: [Int]) -> AblationSweep {
      AblationSweep(head: head, features: split.features, baselines: values, labels: labels)
    }
    let sweeps = Sweeps(
      head: sweep(head, targets.encode(split.targets)), target: sweep(target.head, target.classes.encode(split.targets)),
      group: Self.groupProbeProblem(split, group.classes) == nil
        ? split.groups.map { sweep(group.head, group.classes.encode($0)) } : nil)

    let byGroup = try outcomes(sweeps, groupOrder, split)
    let byTarget = try outcomes(sweeps, targetOrder, split)
    let targeted = sweeps.head.accuracies(along: [groupOrder, targetOrder])
    var controls: [AblationControl: [SplitReport.Control]] = [:]
    var curves: [AblationControl: SplitReport.Curve] = [:]
    for kind in configuration.controls {
      if configuration.drawsAsInSeed {
        controls[kind] = controlsAsInSeed(sweeps.head)
        continue
      }
      let orders = self.orders(kind).orders
      let heads = sweeps.head.accuracies(along: orders)
      controls[kind] = control(
        heads, sweeps.group?.accuracies(along: orders), byGroup: byGroup.map { ($0.headAccuracy, $0.groupProbe) },
        byTarget: byTarget.map(\.headAccuracy))
      curves[kind] = curve(heads, targeted)
    }
    let rows = numbers.indices.map { place in
      SplitReport.Row(
        number: numbers[place], group: byGroup[place], target: byTarget[place], controls: controls.mapValues { $0[place] })
    }
    return SplitReport(
      name: split.name, baseline: baseline, rows: rows, curve: configuration.drawsAsInSeed ? nil : curves)
  }

  private struct Sweeps {
    let head: AblationSweep
    let target: AblationSweep
    let group: AblationSweep?
  }

  private func outcomes(_ sweeps: Sweeps, _ order: [Int], _ split: FeatureSplit) throws(NeuronError) -> [SplitReport.Outcome] {
    let head = sweeps.head.performance(order, at: numbers)
    let group = sweeps.group?.accuracies(along: [order])[0]
    let target = sweeps.target.accuracies(along: [order])[0]
    let test = configuration.refitsProbes ? standardization.apply(split.features) : split.features
    var result: [SplitReport.Outcome] = []
    for (place, number) in numbers.enumerated() {
      var (refittedGroup, refittedTarget): (Double?, Double?) = (nil, nil)
      if configuration.refitsProbes {
        if sweeps.group != nil, let groups = split.groups {
          refittedGroup = try self.group.refittedAccuracy(
            without: order[..<number], train: standardized, test: test, labels: self.group.classes.encode(groups))
        }
        refittedTarget = try self.target.refittedAccuracy(
          without: order[..<number], train: standardized, test: test, labels: self.target.classes.encode(split.targets))
      }
      result.append(
        SplitReport.Outcome(
          headAccuracy: head[place].accuracy, margin: head[place].margin, logLoss: head[place].logLoss,
          groupProbe: group?[number], targetProbe: target[number], refittedGroupProbe: refittedGroup,
          refittedTargetProbe: refittedTarget))
    }
    return result
  }

  private func orders(_ kind: AblationControl) -> ControlOrders {
    let (count, seed) = (configuration.randomOrders, configuration.seed)
    let deviations = train.features.columns.map { column in
      let mean = column.reduce(0, +) / Double(column.count)
      return (column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)).squareRoot()
    }
    switch kind {
    case .random: return ControlOrders(count: count, features: head.featureCount, seed: seed)
    case .matchedNorm:
      let norms = zip(head.columnNorms, deviations).map { $0 * $1 }
      return ControlOrders(count: count, matching: groupOrder, by: norms, seed: seed &+ 1)
    case .matchedVariance:
      return ControlOrders(count: count, matching: groupOrder, by: deviations, seed: seed &+ 2)
    }
  }

  private func control(
    _ heads: [[Double]], _ groups: [[Double]]?, byGroup: [(head: Double, probe: Double?)], byTarget: [Double]
  ) -> [SplitReport.Control] {
    numbers.enumerated().map { place, number in
      let accuracies = heads.map { $0[number] }
      let probes = groups.map { $0.map { $0[number] } }
      let (mean, deviation) = RandomControl.moments(accuracies)
      let probe = probes.map(RandomControl.moments)
      var probePValue: Double?
      if let probes, let own = byGroup[place].probe { probePValue = RandomControl.pValue(own, among: probes) }
      return SplitReport.Control(
        headAccuracyMean: mean, headAccuracyStd: deviation, pValue: RandomControl.pValue(byGroup[place].head, among: accuracies),
        targetPValue: RandomControl.pValue(byTarget[place], among: accuracies), groupProbeMean: probe?.mean,
        groupProbeStd: probe?.deviation, groupProbePValue: probePValue)
    }
  }

  private func curve(_ heads: [[Double]], _ targeted: [[Double]]) -> SplitReport.Curve {
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    let random = heads.map(mean)
    let (centre, deviation) = RandomControl.moments(random)
    return SplitReport.Curve(
      group: mean(targeted[0]), target: mean(targeted[1]), randomMean: centre, randomStd: deviation,
      pValue: RandomControl.pValue(mean(targeted[0]), among: random),
      targetPValue: RandomControl.pValue(mean(targeted[1]), among: random))
  }

  /// For each number five sets drawn anew, one after another from one source, as the published program does.
  private func controlsAsInSeed(_ sweep: AblationSweep) -> [SplitReport.Control] {
    var random = RandomSource(seed: configuration.seed)
    return numbers.map { number in
      var accuracies = [sweep.accuracies(along: [Array(0..<head.featureCount)])[0][0]]
      if number > 0 {
        let orders = (0..<5).map { _ in random.permutation(head.featureCount) }
        accuracies = sweep.accuracies(along: orders).map { $0[number] }
      }
      let (mean, deviation) = RandomControl.moments(accuracies)
      return SplitReport.Control(
        headAccuracyMean: mean, headAccuracyStd: deviation, pValue: nil, targetPValue: nil, groupProbeMean: nil,
        groupProbeStd: nil, groupProbePValue: nil)
    }
  }
}
