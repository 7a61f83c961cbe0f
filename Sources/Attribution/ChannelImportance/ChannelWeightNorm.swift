import Networks

/// How strongly the first convolution of a network weighs each input channel.
public struct ChannelWeightNorm: Sendable, Equatable {
  /// The Euclidean norm of all weights that read the channel.
  public let raw: [Double]
  /// ``raw`` relative to its largest.
  public let normalised: [Double]
  /// √Σₒ (‖wₒ‖·γₒ/√(σₒ² + ε))² · std(x) over the outputs o that read the channel: the raw norm can be scaled at will without
  /// changing the network where a batch normalisation follows, and with the unit of the channel; this one cannot. Without such a
  /// normalisation the factor is 1.
  public let identifiable: [Double]
  /// Whether a batch normalisation follows.
  public let isFollowedByNormalization: Bool

  /// - Parameters:
  ///   - network: whose input is read by a convolution alone.
  ///   - standardDeviations: of the channels, over pixels.
  /// - Throws: ``ChannelStudyError`` if there is no such convolution.
  public init(_ network: Network, standardDeviations: [Double]) throws(ChannelStudyError) {
    guard let stem = InputConvolution(network) else {
      throw .invalidInput("network: found an input that a convolution does not read alone, expected one that it does")
    }
    guard stem.channels == standardDeviations.count else {
      throw .invalidInput("network: found \(stem.channels) input channels, expected \(standardDeviations.count), as in the data")
    }
    let factors = stem.normalization(in: network)?.factors
    isFollowedByNormalization = factors != nil
    var (raw, identifiable) = ([Double](), [Double]())
    for channel in standardDeviations.indices {
      let kernel = stem.kernel(of: channel)
      let outputs = stem.outputs(of: channel)
      let area = kernel.count / max(1, outputs.count)
      let values = kernel.doubles
      var (plain, scaled) = (0.0, 0.0)
      for (place, output) in outputs.enumerated() {
        let square = values[place * area..<(place + 1) * area].reduce(0) { $0 + $1 * $1 }
        plain += square
        let factor = factors?[output] ?? 1
        scaled += square * factor * factor
      }
      raw.append(plain.squareRoot())
      identifiable.append(scaled.squareRoot() * standardDeviations[channel])
    }
    let largest = raw.max() ?? 0
    self.raw = raw
    self.identifiable = identifiable
    normalised = raw.map { largest > 0 ? $0 / largest : 0 }
  }
}
