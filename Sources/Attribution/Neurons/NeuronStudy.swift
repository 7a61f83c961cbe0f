import Networks
import TensorCore

/// A classification network with labelled samples, of whose classes one is compared with the others.
public struct NeuronStudy: Sendable {
  public let samples: NetworkSamples
  /// The class of each sample, by its place among ``classes``.
  public let labels: [Int]
  public let classes: ClassCoding
  /// The class whose samples are tested against all others.
  public let positive: Int

  /// - Parameters:
  ///   - samples: a classifier: one output is the logit of the second class, several are one for each class.
  ///   - labels: numbers of outputs, or names, of which there must be as many.
  ///   - positive: the class that is tested against the others; `nil` for the second of two.
  /// - Throws: ``NeuronError`` for labels that do not fit.
  public init(_ samples: NetworkSamples, labels: [String], positive: String? = nil) throws(NeuronError) {
    guard samples.count == labels.count else {
      throw .invalidInput("found \(labels.count) labels for \(samples.count) samples, expected as many")
    }
    self.samples = samples
    classes = try ClassCoding(labels: labels, outputs: samples.outputCount == 1 ? 2 : samples.outputCount)
    self.labels = classes.encode(labels)
    if let positive {
      guard let place = classes.names.firstIndex(of: positive) else {
        throw .invalidInput("the positive class: found '\(positive)', expected one of \(classes.names.joined(separator: ", "))")
      }
      self.positive = place
    } else if classes.count == 2 {
      self.positive = 1
    } else {
      throw .invalidInput(
        "found \(classes.count) classes, expected the name of the one that is tested against the others "
          + "(\(classes.names.prefix(8).joined(separator: ", ")))")
    }
  }

  private init(_ other: NeuronStudy, selecting samples: [Int]) {
    (classes, positive) = (other.classes, other.positive)
    self.samples = other.samples.selecting(samples)
    labels = samples.map { other.labels[$0] }
  }

  /// The study of some of the samples.
  func selecting(_ samples: [Int]) -> NeuronStudy { NeuronStudy(self, selecting: samples) }

  /// Whether each sample is of the class that is tested against the others.
  public var isPositive: [Bool] { labels.map { $0 == positive } }

  /// Whether each sample's class comes out, with some neurons silent.
  ///
  /// - Parameter masked: channels of layers whose values are set to zero, as zero weights and biases would.
  public func isRight(masking masked: [(layer: String, neurons: [Int])] = []) throws(NeuronError) -> [Bool] {
    let interventions = masked.filter { !$0.neurons.isEmpty }.map { Intervention.zero(after: $0.layer, channels: $0.neurons) }
    return try samples.isRight(labels, interventions: interventions)
  }
}
