import Autograd
import Formats
import Foundation
import Networks

/// A case of the onnx package's backend tests: a model of one or a few nodes, its inputs, and what must come out.
struct ONNXCase: Decodable, Sendable, CustomStringConvertible {
  let name: String
  /// Those of the model, the standard ones by their names alone.
  let operators: [String]
  let rtol: Double
  let atol: Double
  /// Not for cases whose values are no arrays.
  let hasFiles: Bool

  var description: String { name }

  /// All of a folder, as `export_onnx_cases.py` writes it.
  struct Listing: Decodable {
    /// Version of the package.
    let onnx: String
    let cases: [ONNXCase]

    init(folder: String) throws {
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/cases.json"))
      self = try JSONDecoder().decode(Listing.self, from: data)
    }
  }

  /// Whether we say that we compute all of its operators.
  var isSupported: Bool {
    let supported = Set(ONNXOperator.supportedFunctions)
    return hasFiles && operators.allSatisfy(supported.contains)
  }

  /// Cases that come out as float16 and were computed with every intermediate value rounded to it. A network computes in float32,
  /// and differs from them by more than their tolerance.
  static let roundedBetween: Set<String> = ["test_attention_4d_gqa_with_past_and_present_fp16_expanded"]

  /// Whether we say that it passes.
  var isClaimed: Bool { isSupported && !Self.roundedBetween.contains(name) }

  enum Outcome: Equatable {
    case passed
    /// An error said that this form of the operator is not supported.
    case refused(String)
    /// Other numbers, another shape, or another kind of element.
    case failed(String)
  }

  func run(in folder: String) throws -> Outcome {
    let arrays = try NamedArrays.load("\(folder)/\(name).npz")
    let model = try ONNXModel.load("\(folder)/\(name).onnx")
    let outputs: [String: Tensor]
    do {
      let network = try Network(onnx: model)
      var inputs: [String: Tensor] = [:]
      for input in network.inputs where arrays.names.contains("input:\(input.name)") {
        inputs[input.name] = Tensor(try arrays.array(named: "input:\(input.name)"))
      }
      outputs = try network.run(inputs).outputs
    } catch let error as NetworkError { return .refused(error.description) }
    for output in model.graph.outputs where arrays.names.contains("output:\(output.name)") {
      guard let found = outputs[output.name] else { return .failed("\(output.name): nothing") }
      let expected = try arrays.array(named: "output:\(output.name)")
      if let difference = difference(found.value, expected) { return .failed("\(output.name): \(difference)") }
    }
    return .passed
  }

  /// What differs; `nil` if nothing does. A network has one floating-point type, so that is compared by its kind.
  private func difference(_ found: NDArray, _ expected: NDArray) -> String? {
    if found.shape != expected.shape { return "shape \(found.shape), expected \(expected.shape)" }
    if found.dtype.isFloating != expected.dtype.isFloating || (found.dtype == .bool) != (expected.dtype == .bool) {
      return "\(found.dtype), expected \(expected.dtype)"
    }
    for (index, (x, y)) in zip(found.doubles, expected.doubles).enumerated() {
      let isClose = x == y || x.isNaN && y.isNaN || abs(x - y) <= atol + rtol * abs(y)
      if !isClose { return "\(x) at \(index), expected \(y)" }
    }
    return nil
  }
}
