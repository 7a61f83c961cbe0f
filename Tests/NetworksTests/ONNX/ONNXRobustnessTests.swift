import Autograd
import Formats
import Foundation
import Networks
import Testing

/// Damaged networks give an error or an answer, and neither stop the program nor keep it busy.
@Suite struct ONNXRobustnessTests {
  static let files = [
    "residual_folded", "transformer_14", "decoder", "decoder_11", "onnx/test_range_float_type_positive_delta",
  ]

  /// Reads and runs the network; whether it gave values.
  private func survives(_ bytes: [UInt8], in folder: String) throws -> Bool {
    let path = "\(folder)/damaged.onnx"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    do {
      let network = try Network(onnx: try ONNXModel.load(path))
      var values: [String: Tensor] = [:]
      for input in network.inputs {
        let shape = Shape((input.shape ?? []).map { $0 ?? 1 })
        // A damaged header may ask for more than anyone would give.
        guard shape.allSatisfy({ $0 <= 64 }), shape.rank <= 8, shape.reduce(1.0, { $0 * Double($1) }) < 1e5 else { return true }
        values[input.name] = Tensor(repeating: 0.5, shape: shape)
      }
      _ = try network.run(values)
      return true
    } catch is FormatError { return false } catch is NetworkError { return false }
  }

  @Test(arguments: files)
  func aCutFileIsRefused(_ file: String) throws {
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(Fixture.folder)/\(file).onnx")))
    try withTemporaryFolder { folder in
      let isRead = try survives(bytes, in: folder)
      #expect(isRead)
      for step in 0..<200 {
        let isCutRead = try survives(Array(bytes.prefix(step * bytes.count / 200)), in: folder)
        #expect(!isCutRead, "cut to \(step) / 200")
      }
    }
  }

  @Test(arguments: files)
  func flippedBytesAreSurvived(_ file: String) throws {
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(Fixture.folder)/\(file).onnx")))
    var random = RandomSource(seed: 23)
    var survivors = 0
    try withTemporaryFolder { folder in
      for _ in 0..<1000 {
        var damaged = bytes
        damaged[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
        if try survives(damaged, in: folder) { survivors += 1 }
      }
    }
    #expect(survivors > 0 && survivors < 1000)
  }
}
