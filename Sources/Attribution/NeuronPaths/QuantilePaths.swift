import Autograd
import Networks
import Statistics
import TensorCore

/// Which neurons can move an output, from the output back.
///
/// At each linear layer every input is held at quantiles of its values over the samples, the other inputs at zero, and only by those
/// outputs of the layer that were chosen one layer further on (at the last one: by the target). Chosen are the inputs whose variation of the
/// network's output, at the highest quantile less at the lowest, is in the top share of the positive variations, and, on a path of their
/// own, in the bottom share of the negative ones.
public struct QuantilePaths: Sendable {
  public struct Configuration: Sendable {
    /// From 0 to 1, ascending; the variation is between the first and the last.
    public var quantiles = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]
    /// Chosen are positive variations of at least this quantile among the positive ones. Default: 0.95.
    public var positiveShare = 0.95
    /// Chosen are negative variations of at most this quantile among the negative ones. Default: 0.05.
    public var negativeShare = 0.05
    /// As published: the negative path is chosen by the rule of the positive one. Default: false.
    public var isAsInSeed = false

    public init() {}
  }

  public struct Layer: Sendable {
    public let name: String
    /// [quantiles][inputs]: of what reaches the layer.
    public let quantiles: [[Double]]
    /// Inputs that raise the target most, ascending; empty where none raises it.
    public let positive: [Int]
    /// Inputs that lower the target most, ascending; empty where none lowers it.
    public let negative: [Int]
    /// Of each input, through the outputs on the positive path.
    public let positiveVariation: [Double]
    /// Of each input, through the outputs on the negative path.
    public let negativeVariation: [Double]
    /// Whether the variation is w · (highest − lowest) with no run at all: the network is linear behind this layer.
    public let isExact: Bool
  }

  /// From the output back.
  public let layers: [Layer]
  public let warnings: [String]

  /// - Parameters:
  ///   - samples: the network and what it is run on.
  ///   - target: which output, from 0.
  ///   - configuration: quantiles and shares.
  /// - Throws: ``NeuronError`` for a target or quantiles out of range, a network without a linear layer at its end, and what it throws.
  public init(_ samples: NetworkSamples, target: Int, configuration: Configuration = Configuration()) throws(NeuronError) {
    guard configuration.quantiles.count >= 2, configuration.quantiles.allSatisfy({ (0...1).contains($0) }),
      configuration.quantiles == configuration.quantiles.sorted(),
      [configuration.positiveShare, configuration.negativeShare].allSatisfy((0...1).contains)
    else { throw .invalidInput("paths: found quantiles or a share out of range, expected ascending quantiles from 0 to 1") }
    let search = try PathSearch(samples, target: target, configuration: configuration)
    var (positive, negative) = ([target], [target])
    var layers: [Layer] = []
    var warnings: [String] = []
    var name: String? = search.last
    while let current = name {
      guard search.isLinear(current) else {
        warnings.append("paths end before '\(current)': only linear layers are searched, not convolutions")
        break
      }
      let layer = try search.layer(current, positive: positive, negative: negative)
      layers.append(layer)
      (positive, negative) = (layer.positive, layer.negative)
      if positive.isEmpty && negative.isEmpty {
        warnings.append("paths end at '\(current)': no input varies the target")
        break
      }
      let parents: [String]
      do { parents = try samples.network.parents(of: current) } catch { throw .network(error) }
      if parents.count > 1 {
        warnings.append("paths end at '\(current)': it reads \(parents.count) layers, expected a chain")
      }
      name = parents.count == 1 ? parents[0] : nil
    }
    self.layers = layers
    self.warnings = warnings
  }
}

/// One layer's inputs, held one by one.
private struct PathSearch {
  let samples: NetworkSamples
  let target: Int
  let configuration: QuantilePaths.Configuration
  let last: String
  private let outputCount: Int

  init(_ samples: NetworkSamples, target: Int, configuration: QuantilePaths.Configuration) throws(NeuronError) {
    self.samples = samples
    self.target = target
    self.configuration = configuration
    guard let last = samples.network.layers.last(where: \.isWeighted) else {
      throw .invalidInput("paths: found a network without weights, expected linear layers")
    }
    self.last = last.name
    outputCount = samples.outputCount
    guard (0..<outputCount).contains(target) else {
      throw .invalidInput("the target: found \(target), expected from 0 to \(outputCount - 1), the network's outputs")
    }
  }

  func isLinear(_ name: String) -> Bool { (try? samples.network.layer(named: name))?.operation is Linear }

  func layer(_ name: String, positive: [Int], negative: [Int]) throws(NeuronError) -> QuantilePaths.Layer {
    let layer: Layer
    do { layer = try samples.network.layer(named: name) } catch { throw .network(error) }
    guard let source = layer.inputs.first.flatMap({ $0 })?.description else {
      throw .invalidInput("paths: layer '\(name)' reads nothing, expected an input")
    }
    let reached = try samples.activations(of: [source])[0].values
    var table: [[Double]] = []
    do throws(StatisticsError) {
      for column in reached.columns { table.append(try quantiles(column, configuration.quantiles)) }
    } catch { throw .statistics("paths at '\(name)'", error) }
    let (lowest, highest) = (table.map { $0[0] }, table.map { $0[configuration.quantiles.count - 1] })

    var isExact = false
    let variations: [[Double]]
    if samples.network.linearHead?.name == name, let weight = layer.parameter("weight"),
      weight.shape == [outputCount, lowest.count]
    {
      // Everything behind is a rearrangement: the bias and the zeros drop out of the difference.
      isExact = true
      let w = weight.doubles
      let exact = lowest.indices.map { w[target * lowest.count + $0] * (highest[$0] - lowest[$0]) }
      variations = [exact, exact]
    } else {
      let base = try values(of: name, holding: [[Double](repeating: 0, count: lowest.count)])
      variations = [
        try variation(name, source: source, lowest, highest, through: positive, base: base),
        try variation(name, source: source, lowest, highest, through: negative, base: base),
      ]
    }
    return QuantilePaths.Layer(
      name: name, quantiles: configuration.quantiles.indices.map { place in table.map { $0[place] } },
      positive: top(variations[0]), negative: configuration.isAsInSeed ? top(variations[1]) : bottom(variations[1]),
      positiveVariation: variations[0], negativeVariation: variations[1], isExact: isExact)
  }

  /// The network's target at the highest quantile of each input less at the lowest, felt by `chosen` outputs of the layer alone.
  private func variation(
    _ name: String, source: String, _ lowest: [Double], _ highest: [Double], through chosen: [Int], base: NDArray
  ) throws(NeuronError) -> [Double] {
    if chosen.isEmpty { return [Double](repeating: 0, count: lowest.count) }
    let width = base.shape[1]
    let zero = base.doubles
    var result: [Double] = []
    // As many inputs at a time as memory easily holds.
    let piece = max(1, 1_000_000 / max(width, lowest.count))
    for start in stride(from: 0, to: lowest.count, by: piece) {
      let inputs = start..<min(start + piece, lowest.count)
      let rows = [highest, lowest].flatMap { ends in
        inputs.map { input in
          var row = [Double](repeating: 0, count: lowest.count)
          row[input] = ends[input]
          return row
        }
      }
      let full = try values(of: name, holding: rows).doubles
      var held = [Double](repeating: 0, count: rows.count * width)
      for row in rows.indices {
        for output in 0..<width { held[row * width + output] = zero[output] }
        for output in chosen { held[row * width + output] = full[row * width + output] }
      }
      let run = try evaluate(rows.count, [.replace(after: name, with: tensor(held, [rows.count, width]))], capturing: [])
      let moved = run.output.doubles
      for place in 0..<inputs.count {
        result.append(moved[place * outputCount + target] - moved[(place + inputs.count) * outputCount + target])
      }
    }
    return result
  }

  /// What the layer gives for inputs of its own, [rows, outputs].
  private func values(of name: String, holding rows: [[Double]]) throws(NeuronError) -> NDArray {
    let held = tensor(rows.flatMap { $0 }, [rows.count, rows[0].count])
    let captured = try evaluate(rows.count, [.replace(before: name, with: held)], capturing: [name])[name]
    guard captured.rank == 2 else {
      throw .invalidInput("paths: '\(name)' gives values of shape \(captured.shape), expected [samples, neurons]")
    }
    return captured.converted(to: .float64).value
  }

  private func tensor(_ values: [Double], _ shape: Shape) -> Tensor {
    Tensor(values, shape: shape, dtype: samples.network.dtype ?? .float64)
  }

  /// A run on zeros, of which nothing is left where the interventions are.
  private func evaluate(_ rows: Int, _ interventions: [Intervention], capturing: [String]) throws(NeuronError) -> NetworkRun {
    let zeros = NDArray.zeros(Shape([rows] + samples.inputs.shape.dropFirst()), dtype: samples.inputs.dtype)
    return try NetworkSamples.run(samples.network, zeros, capturing: capturing, interventions: interventions)
  }

  private func top(_ variation: [Double]) -> [Int] {
    guard let threshold = try? quantile(variation.filter { $0 > 0 }, configuration.positiveShare) else { return [] }
    return variation.indices.filter { variation[$0] >= threshold }
  }

  private func bottom(_ variation: [Double]) -> [Int] {
    guard let threshold = try? quantile(variation.filter { $0 < 0 }, configuration.negativeShare) else { return [] }
    return variation.indices.filter { variation[$0] <= threshold }
  }
}
