import Attribution
import Formats
import Foundation
import Networks
import TensorCore
import Testing

/// A small network, its samples, and what SciPy and a pass for every quantile give on them (see `make_neuron_fixtures.py`).
struct NeuronReference: Decodable {
  struct Neuron: Decodable {
    let shapiroW, shapiroP: [Double]
    let welchT, welchP, mannWhitneyU, mannWhitneyP, pooledShapiroP, qValue: Double
    let test: String
    let important: Bool
  }
  struct Path: Decodable {
    let name: String
    let quantiles: [[Double]]
    let positive, negative: [Int]
    let positiveVariation, negativeVariation: [Double]
  }
  let accuracy: Double
  let layers: [String: [Neuron]]
  let paths: [Path]

  static func load() throws -> NeuronReference {
    try JSONDecoder().decode(NeuronReference.self, from: Data(contentsOf: URL(fileURLWithPath: path("neurons_expected.json"))))
  }

  static func path(_ name: String) throws -> String {
    try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil)).appending(path: name).path
  }

  static func samples() throws -> NetworkSamples {
    let network = try Zoo.mlp.network(filling: StateDictionary.load(path("neurons_mlp.ckpt"))).converted(to: .float64)
    return try NetworkSamples(network: network, inputs: NamedArrays.load(path("neurons_test.npz")).array(named: "inputs"))
  }

  static func study() throws -> NeuronStudy {
    let labels = try NamedArrays.load(path("neurons_test.npz")).array(named: "labels").doubles.map { String(Int($0)) }
    return try NeuronStudy(samples(), labels: labels)
  }
}

/// |a − b| ≤ tolerance · |b|.
func isClose(_ a: Double?, _ b: Double, _ tolerance: Double) -> Bool {
  guard let a else { return false }
  return abs(a - b) <= tolerance * abs(b)
}
