import Autograd
import Networks
import TensorCore

extension NetworkSamples {
  /// Numbers of captured maps that are in memory at a time.
  private static let captureLimit = 1 << 26

  /// What the filters of convolutions make of every sample, [samples, filters] float64 for each layer: of every map one number.
  ///
  /// - Parameters:
  ///   - layers: names of convolutions.
  ///   - summary: from a map to a number.
  ///   - mode: evaluation unless given; while training, batches are as many samples as fit.
  /// - Throws: ``NeuronError`` for maps or numbers that are not finite.
  func filterActivations(
    of layers: [String], summary: FilterSummary, mode: RunMode = .evaluation
  ) throws(NeuronError) -> [NDArray] {
    let size = try captureBatch(layers, mode)
    var parts = [[NDArray]](repeating: [], count: layers.count)
    for start in stride(from: 0, to: count, by: size) {
      let part = inputs.sliced(axis: 0, start: start, count: min(size, count - start))
      let run = try Self.run(network, part, capturing: layers, mode: mode)
      for (place, layer) in layers.enumerated() {
        parts[place].append(try Self.summarized(run[layer].value, summary, layer, firstSample: start))
      }
    }
    return parts.map { NDArray.stacked($0) }
  }

  /// So many samples that their maps fit.
  private func captureBatch(_ layers: [String], _ mode: RunMode) throws(NeuronError) -> Int {
    if count * (inputs.count / count) * layers.count < Self.captureLimit / 1024 { return batch }
    let run = try Self.run(network, inputs.sliced(axis: 0, start: 0, count: 1), capturing: layers)
    let numbers = layers.reduce(0) { $0 + run[$1].count }
    return max(1, min(batch, Self.captureLimit / max(1, numbers)))
  }

  private static func summarized(
    _ maps: NDArray, _ summary: FilterSummary, _ layer: String, firstSample: Int
  ) throws(NeuronError) -> NDArray {
    let maps = maps.converted(to: .float64)
    let (samples, filters) = (maps.shape[0], maps.shape[1])
    let size = maps.count / max(1, samples * filters)
    guard size > 0 else {
      throw .invalidInput("'\(layer)': found maps of shape \(maps.shape), expected at least one position")
    }
    let result = NDArray.building([samples, filters], as: Double.self) { output in
      let target = UncheckedSendable(output)
      maps.withUnsafeBufferPointer(as: Double.self) { values in
        let source = UncheckedSendable(values)
        Parallel.forEach(samples) { sample in
          for place in sample * filters..<(sample + 1) * filters {
            let map = UnsafeBufferPointer(rebasing: source.value[place * size..<(place + 1) * size])
            target.value[place] = map.allSatisfy(\.isFinite) ? summary.value(map) : .nan
          }
        }
      }
    }
    if let bad = result.doubles.firstIndex(where: { !$0.isFinite }) {
      throw .invalidInput(
        "'\(layer)': found no finite \(summary.name) of filter \(bad % filters) on sample \(firstSample + bad / filters), "
          + "expected finite numbers: are the inputs finite, and scaled as in training?")
    }
    return result
  }
}
