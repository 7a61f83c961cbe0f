import Attribution
import Formats
import Foundation
import Networks
import TensorCore

/// Small convolutional networks, digits, and what scikit-learn and PyTorch give on them (see `make_filter_fixtures.py`).
struct FilterReference: Decodable {
  struct Importances: Decodable {
    let raw, standardised, weighted, rSquared: [[Double]]
    let parents: [[String]]
    let layers: [String]?
  }
  struct Pruning: Decodable {
    let percent, weights, output: Double
  }
  let layers: [String]
  let accuracy: Double
  let summaries: [String: Importances]
  let pruning: [Pruning]
  let training: [[Double]]
  let heatMap: [Double]
  let residual: Importances

  static func load() throws -> FilterReference {
    let url = URL(fileURLWithPath: try NeuronReference.path("filters_expected.json"))
    return try JSONDecoder().decode(FilterReference.self, from: Data(contentsOf: url))
  }

  /// - Parameter count: of the first samples; all unless given.
  static func samples(_ network: String = "filters_cnn.onnx", count: Int? = nil) throws -> NetworkSamples {
    let images = try NamedArrays.load(NeuronReference.path("filters_digits.npz")).array(named: "images")
    let own = count.map { images.sliced(axis: 0, start: 0, count: $0) } ?? images
    return try NetworkSamples(network: Network.load(NeuronReference.path(network)).converted(to: .float64), inputs: own)
  }

  static func labels() throws -> [String] {
    try NamedArrays.load(NeuronReference.path("filters_digits.npz")).array(named: "labels").doubles.map { String(Int($0)) }
  }
}

/// The largest difference relative to the second, entry by entry; infinite for other shapes.
func relativeDifference(_ a: [[Double]], _ b: [[Double]]) -> Double {
  guard a.map(\.count) == b.map(\.count) else { return .infinity }
  var largest = 0.0
  for (x, y) in zip(a.joined(), b.joined()) {
    let difference = abs(x - y)
    largest = max(largest, y == 0 ? difference : difference / abs(y))
  }
  return largest
}
