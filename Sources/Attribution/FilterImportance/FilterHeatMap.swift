import Autograd
import Networks
import TensorCore

extension FilterImportance {
  /// Where the first convolution's filters are active on one sample, each as much as it is important: Σ importance · map, scaled to the
  /// input's height and width (bilinear).
  ///
  /// - Parameters:
  ///   - sample: which of the samples.
  ///   - samples: those that the importances are of, or others for the same network.
  /// - Returns: [height, width] float64; `nil` for inputs that are no pictures.
  /// - Throws: ``NeuronError`` for a sample that there is not.
  public func heatMap(of sample: Int, in samples: NetworkSamples) throws(NeuronError) -> NDArray? {
    guard 0..<samples.count ~= sample else {
      throw .invalidInput("found sample \(sample), expected from 0 to \(samples.count - 1)")
    }
    let first = layers[0]
    let input = samples.inputs.sliced(axis: 0, start: sample, count: 1)
    let maps = try NetworkSamples.run(samples.network, input, capturing: [first.name])[first.name].converted(to: .float64)
    guard input.rank == 4, maps.rank == 4, maps.count > 0 else { return nil }
    let weights = Tensor(first.importance, shape: [1, maps.shape[1], 1, 1], dtype: .float64)
    let sum = (maps * weights).sum(along: [1], keepingAxes: true)
    let scaled = interpolate(sum, size: (input.shape[2], input.shape[3]))
    return scaled.reshaped(to: [input.shape[2], input.shape[3]]).value
  }
}
