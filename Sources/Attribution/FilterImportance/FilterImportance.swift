import Networks
import Statistics
import TensorCore

/// How much the filters of convolutions account for those of the next convolutions.
///
/// Of every filter's map on every sample one number is taken; the numbers of each convolution are regressed on those of the
/// convolutions that reach it without another between (found in the network's graph, across skips). A filter's importance is the sum
/// of its coefficients' magnitudes over all filters that it is a parent of, as a share of the layer's.
public struct FilterImportance: Sendable {
  /// Which coefficients importances are made of.
  public enum Coefficients: String, Sendable, CaseIterable {
    /// For filters of unit variance: not changed by the scale of a filter, which a batch normalisation behind it undoes.
    case standardised
    /// As published: in the units of the maps.
    case raw
  }

  /// Which convolutions a convolution is regressed on.
  public enum Parents: String, Sendable, CaseIterable {
    /// All that reach it without another between.
    case graph
    /// As published: the one before it in the network's list, whether it reaches it or not.
    case listOrder
  }

  /// Every property has a default.
  public struct Configuration: Sendable {
    /// Default: standardised.
    public var coefficients = Coefficients.standardised
    /// Default: those of the graph.
    public var parents = Parents.graph
    /// Default: the Frobenius norm.
    public var summary = FilterSummary.frobenius
    /// Whether each child's coefficients count by its R². Default: false.
    public var isWeightedByRSquared = false
    /// Default: evaluation. While training, as the published program runs a network on which nobody called `eval()`, results depend on
    /// the batches.
    public var mode = RunMode.evaluation
    /// What a run before gave, to which the published program adds when it is called again: ``Layer/importance`` of each layer.
    /// Default: nothing.
    public var addedTo: [[Double]] = []

    public init() {}

    /// As published: raw coefficients, parents by the order of the list.
    public static var asInSeed: Configuration {
      var result = Configuration()
      (result.coefficients, result.parents) = (.raw, .listOrder)
      return result
    }
  }

  /// One convolution.
  public struct Layer: Sendable {
    public let name: String
    /// The convolutions whose filters account for this one's.
    public let parents: [String]
    public let children: [String]
    /// One for each filter, 1 in sum; equal where there is no child, or none that depends on this layer.
    public let importance: [Double]
    /// The same by raw, and by standardised coefficients, without what was there before.
    public let rawImportance: [Double]
    public let standardisedImportance: [Double]
    /// Whether the importances say nothing.
    public let isUniform: Bool
    /// This layer's filters regressed on those of its parents, one parent after the other; `nil` without parents.
    public let fit: LeastSquares?
    /// Filters, the most important first; equal ones in their order.
    public let ranking: [Int]

    public var filterCount: Int { importance.count }
    /// Filters, the least important first; equal ones in their order.
    public var ascending: [Int] {
      importance.indices.sorted { importance[$0] == importance[$1] ? $0 < $1 : importance[$0] < importance[$1] }
    }
  }

  /// In the order of the network.
  public let layers: [Layer]
  public let configuration: Configuration
  public let warnings: [String]

  /// - Parameters:
  ///   - samples: the network with what it is run on.
  ///   - configuration: coefficients, parents and the number that is taken of a map.
  ///   - onStep: called before each layer with what is done.
  /// - Throws: ``NeuronError`` for a network without convolutions, and maps that are not finite.
  public init(
    _ samples: NetworkSamples, configuration: Configuration = Configuration(), onStep: (String) -> Void = { _ in }
  ) throws(NeuronError) {
    let convolutions = samples.network.convolutions
    if convolutions.isEmpty {
      throw .invalidInput("the network: found no convolution with weights, expected at least one")
    }
    let names = convolutions.map(\.name)
    let counts = convolutions.map { $0.parameter("weight")?.shape[0] ?? 0 }
    guard configuration.addedTo.isEmpty || configuration.addedTo.map(\.count) == counts else {
      throw .invalidInput("found importances of \(configuration.addedTo.map(\.count)) filters, expected \(counts)")
    }
    let parents = try Self.parents(names, in: samples.network, configuration.parents)
    onStep("maps")
    let activations = try samples.filterActivations(of: names, summary: configuration.summary, mode: configuration.mode)
    var fits: [LeastSquares?] = []
    for (place, name) in names.enumerated() {
      onStep(name)
      fits.append(try parents[place].isEmpty ? nil : Self.fit(activations, place, parents[place], name))
    }
    let sums = FilterSums(counts: counts, parents: parents, fits: fits, isWeighted: configuration.isWeightedByRSquared)
    self.layers = names.indices.map { place in
      let (raw, standardised) = (sums.shares(.raw, place), sums.shares(.standardised, place))
      let added = configuration.addedTo.isEmpty ? nil : configuration.addedTo[place]
      let (importance, isUniform) = sums.shares(configuration.coefficients, place, adding: added)
      return Layer(
        name: names[place], parents: parents[place].map { names[$0] },
        children: names.indices.filter { parents[$0].contains(place) }.map { names[$0] }, importance: importance,
        rawImportance: raw.shares, standardisedImportance: standardised.shares, isUniform: isUniform, fit: fits[place],
        ranking: descendingOrder(importance))
    }
    self.configuration = configuration
    warnings = Self.warnings(layers, samples.count)
  }

  private static func parents(_ names: [String], in network: Network, _ rule: Parents) throws(NeuronError) -> [[Int]] {
    if rule == .listOrder { return names.indices.map { $0 > 0 ? [$0 - 1] : [] } }
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    var result: [[Int]] = []
    do throws(NetworkError) {
      for name in names { result.append(try network.parents(of: name) { places[$0.name] != nil }.compactMap { places[$0] }) }
    } catch { throw .network(error) }
    return result
  }

  private static func fit(
    _ activations: [NDArray], _ child: Int, _ parents: [Int], _ name: String
  ) throws(NeuronError) -> LeastSquares {
    let predictors = parents.count == 1 ? activations[parents[0]] : Self.joined(parents.map { activations[$0] })
    do throws(StatisticsError) {
      return try LeastSquares(predictors: predictors, responses: activations[child])
    } catch { throw .statistics("'\(name)'", error) }
  }

  /// Tables side by side.
  private static func joined(_ tables: [NDArray]) -> NDArray {
    let (rows, width) = (tables[0].shape[0], tables.reduce(0) { $0 + $1.shape[1] })
    return NDArray.building([rows, width], as: Double.self) { output in
      var first = 0
      for table in tables {
        let own = table.shape[1]
        table.withUnsafeBufferPointer(as: Double.self) { values in
          for row in 0..<rows { for column in 0..<own { output[row * width + first + column] = values[row * own + column] } }
        }
        first += own
      }
    }
  }

  private static func warnings(_ layers: [Layer], _ samples: Int) -> [String] {
    var result: [String] = []
    for layer in layers {
      if layer.children.isEmpty {
        result.append(
          "'\(layer.name)': no convolution reads its filters: their importances are equal, their order is that of the network")
      } else if layer.isUniform {
        result.append("'\(layer.name)': its filters account for nothing in \(layer.children.joined(separator: ", ")): equal")
      }
      for warning in layer.fit?.warnings ?? [] { result.append("'\(layer.name)': \(warning)") }
    }
    return result
  }
}

/// Sums of coefficients' magnitudes over children.
private struct FilterSums {
  private var raw: [[Double]]
  private var standardised: [[Double]]

  init(counts: [Int], parents: [[Int]], fits: [LeastSquares?], isWeighted: Bool) {
    raw = counts.map { [Double](repeating: 0, count: $0) }
    standardised = raw
    for (child, fit) in fits.enumerated() {
      guard let fit else { continue }
      let width = parents[child].reduce(0) { $0 + counts[$1] }
      let (own, standard) = (fit.coefficients.doubles, fit.standardizedCoefficients.doubles)
      for response in 0..<counts[child] {
        let weight = isWeighted ? fit.rSquared[response] ?? 0 : 1
        var place = response * width
        for parent in parents[child] {
          for filter in 0..<counts[parent] {
            raw[parent][filter] += weight * abs(own[place])
            standardised[parent][filter] += weight * abs(standard[place])
            place += 1
          }
        }
      }
    }
  }

  /// 1 in sum; equal where there is nothing to share.
  func shares(
    _ kind: FilterImportance.Coefficients, _ layer: Int, adding previous: [Double]? = nil
  ) -> (shares: [Double], isUniform: Bool) {
    var sums = kind == .raw ? raw[layer] : standardised[layer]
    if let previous { sums = zip(sums, previous).map { $0 + $1 } }
    let total = sums.reduce(0, +)
    if total > 0 { return (sums.map { $0 / total }, false) }
    return (sums.map { _ in 1 / Double(sums.count) }, true)
  }
}
