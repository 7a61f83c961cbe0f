import Foundation
import Statistics
import TensorCore

/// Which neurons tell two classes apart: for every neuron a test of its activations in one class against those in the other.
///
/// As published: Shapiro–Wilk in each class; where neither speaks against normality at 5 % Welch's t-test, else Mann–Whitney U. Beside
/// the p-value stand what it leaves out: effect sizes, q-values over all neurons of the layer, and a divergence of the distributions.
public struct NeuronTests: Sendable {
  public enum Method: String, Sendable { case welch, mannWhitney }

  /// One neuron. What is not defined for it (a constant, a class of one sample) is `nil`.
  public struct Neuron: Sendable {
    public let index: Int
    /// The test that ``pValue`` is of.
    public let test: Method
    public let pValue: Double
    /// Benjamini–Hochberg, over the neurons of the layer.
    public let qValue: Double
    /// Whether ``pValue`` is below the level.
    public let isImportant: Bool
    /// In the positive and in the negative class.
    public let shapiro: [ShapiroWilk?]
    /// Of both classes together.
    public let pooledShapiro: ShapiroWilk?
    public let welch: TTest?
    public let mannWhitney: MannWhitney
    /// Hedges' g, positive class less negative class.
    public let effectSize: Double?
    /// Kullback–Leibler divergence of the positive class's histogram from the negative class's, in nats; half a count is added to
    /// each bin, so that it is finite.
    public let klDivergence: Double
    /// The symmetric one, of the same histograms, in nats.
    public let jensenShannon: Double
    /// Mean and standard deviation in the positive and in the negative class.
    public let moments: [Moments]

    /// 2U/(n₁n₂) − 1: from −1 to 1, 0 for distributions on top of each other.
    public var rankBiserial: Double { mannWhitney.rankBiserial }
  }

  public struct Layer: Sendable {
    public let name: String
    public let neurons: [Neuron]
    /// By descending |rank-biserial|: the most and the least separated.
    public let separation: [Int]
    /// By descending p-value of the pooled Shapiro–Wilk test: the most and the least normal; neurons without one are left out.
    public let normality: [Int]

    public var important: [Int] { neurons.filter(\.isImportant).map(\.index) }
    public var unimportant: [Int] { neurons.filter { !$0.isImportant }.map(\.index) }
  }

  public let layers: [Layer]
  public let warnings: [String]

  /// The level of both the tests of normality and those of importance.
  public static let level = 0.05
  /// Bins of the histograms behind the divergences.
  public static let bins = 20

  /// - Parameters:
  ///   - activations: [samples, neurons] for each layer.
  ///   - isPositive: the class of each sample.
  /// - Throws: ``NeuronError`` unless both classes occur and the activations are finite.
  public init(activations: [(layer: String, values: NDArray)], isPositive: [Bool]) throws(NeuronError) {
    let (positive, negative) = (isPositive.indices.filter { isPositive[$0] }, isPositive.indices.filter { !isPositive[$0] })
    if positive.isEmpty || negative.isEmpty {
      throw .invalidInput("the labels: found one class only in \(isPositive.count) samples, expected two to compare")
    }
    var layers: [Layer] = []
    var warnings: [String] = []
    for (name, values) in activations {
      guard values.rank == 2, values.shape[0] == isPositive.count else {
        throw .invalidInput(
          "'\(name)': found activations of shape \(values.shape), expected [\(isPositive.count), neurons], a row for each label")
      }
      let layer = try Self.layer(name, values.converted(to: .float64).columns, positive, negative)
      warnings += Self.warnings(layer, positive.count, negative.count)
      layers.append(layer)
    }
    self.layers = layers
    self.warnings = warnings
  }

  private static func layer(
    _ name: String, _ columns: [[Double]], _ positive: [Int], _ negative: [Int]
  ) throws(NeuronError) -> Layer {
    var drafts = [Result<Draft, StatisticsError>?](repeating: nil, count: columns.count)
    drafts.withUnsafeMutableBufferPointer { drafts in
      let target = UncheckedSendable(drafts)
      Parallel.forEach(columns.count) { index in
        target.value[index] = Result { () throws(StatisticsError) in
          try Draft(positive.map { columns[index][$0] }, negative.map { columns[index][$0] })
        }
      }
    }
    var finished: [Draft] = []
    for (index, draft) in drafts.enumerated() {
      switch draft {
      case .success(let value): finished.append(value)
      case .failure(let error): throw .statistics("'\(name)', neuron \(index)", error)
      case nil: break
      }
    }
    let qValues = benjaminiHochberg(finished.map(\.pValue))
    let neurons = finished.enumerated().map { index, draft in draft.neuron(index, qValue: qValues[index]) }
    let tested = neurons.indices.filter { neurons[$0].pooledShapiro != nil }
    return Layer(
      name: name, neurons: neurons, separation: descendingOrder(neurons.map { abs($0.rankBiserial) }),
      normality: descendingOrder(tested.map { neurons[$0].pooledShapiro?.pValue ?? 0 }).map { tested[$0] })
  }

  private static func warnings(_ layer: Layer, _ positive: Int, _ negative: Int) -> [String] {
    var result: [String] = []
    let constant = layer.neurons.count { $0.effectSize == nil && $0.mannWhitney.rankBiserial == 0 }
    if constant > 0 && min(positive, negative) > 1 {
      result.append("'\(layer.name)': \(constant) neurons are constant, so that they have no effect size")
    }
    let untested = layer.neurons.count { $0.shapiro.contains { $0 == nil } }
    if min(positive, negative) < 3 {
      result.append(
        "'\(layer.name)': a class of \(min(positive, negative)) samples is too small for Shapiro–Wilk; Mann–Whitney U was used")
    } else if untested > constant {
      result.append("'\(layer.name)': \(untested - constant) neurons are constant in one class; Mann–Whitney U was used")
    }
    if max(positive, negative) > ShapiroWilk.calibratedCount {
      result.append("'\(layer.name)': Shapiro–Wilk's p-values are calibrated for up to \(ShapiroWilk.calibratedCount) samples")
    }
    return result
  }
}

/// A neuron before its q-value is known.
private struct Draft: Sendable {
  let shapiro: [ShapiroWilk?]
  let pooled: ShapiroWilk?
  let welch: TTest?
  let mannWhitney: MannWhitney
  let effectSize: Double?
  let divergences: (kl: Double, js: Double)
  let moments: [Moments]

  init(_ positive: [Double], _ negative: [Double]) throws(StatisticsError) {
    moments = [try Moments(positive), try Moments(negative)]
    shapiro = [try? ShapiroWilk(positive), try? ShapiroWilk(negative)]
    pooled = try? ShapiroWilk(positive + negative)
    welch = try? TTest.welch(positive, negative)
    mannWhitney = try MannWhitney(positive, negative)
    effectSize = try? hedgesG(positive, negative)
    let histograms = try commonHistograms(positive, negative, bins: NeuronTests.bins)
    let (p, q) = (histograms.first.map { $0 + 0.5 }, histograms.second.map { $0 + 0.5 })
    divergences = (try kullbackLeibler(p, q), try jensenShannon(p, q))
  }

  private var isNormal: Bool { shapiro.allSatisfy { ($0?.pValue ?? 0) > NeuronTests.level } }
  private var method: NeuronTests.Method { isNormal && welch != nil ? .welch : .mannWhitney }
  var pValue: Double { method == .welch ? welch?.pValue ?? 1 : mannWhitney.pValue }

  func neuron(_ index: Int, qValue: Double) -> NeuronTests.Neuron {
    NeuronTests.Neuron(
      index: index, test: method, pValue: pValue, qValue: qValue, isImportant: pValue < NeuronTests.level, shapiro: shapiro,
      pooledShapiro: pooled, welch: welch, mannWhitney: mannWhitney, effectSize: effectSize, klDivergence: divergences.kl,
      jensenShannon: divergences.js, moments: moments)
  }
}
