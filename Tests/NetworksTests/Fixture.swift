import Autograd
import Foundation
import Formats
import Networks

/// Networks that PyTorch ran, as `make_fixtures.py` wrote them.
struct Fixture {
  let arrays: NamedArrays
  let name: String

  static let folder = Bundle.module.resourcePath.map { $0 + "/Fixtures" } ?? "Fixtures"

  init(_ name: String) throws {
    self.name = name
    arrays = try NamedArrays.load("\(Self.folder)/\(name).npz")
  }

  func state() throws -> StateDictionary {
    try StateDictionary(
      try arrays.names.map { (name: $0, value: try arrays.array(named: $0)) }, source: "\(name).npz", prefix: "state.")
  }

  func tensor(_ key: String, _ dtype: DType = .float64) throws -> Tensor {
    Tensor(try arrays.array(named: key)).converted(to: dtype)
  }
}

/// Largest difference, relative to the largest entry of `expected`.
func relativeDifference(_ found: Tensor, _ expected: Tensor) -> Double {
  guard found.shape == expected.shape else { return .infinity }
  let scale = expected.doubles.map { abs($0) }.max() ?? 0
  let largest = zip(found.doubles, expected.doubles).map { abs($0 - $1) }.max() ?? 0
  return largest / (scale == 0 ? 1 : scale)
}
