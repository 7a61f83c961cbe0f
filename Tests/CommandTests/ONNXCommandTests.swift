import Formats
import Foundation
import TensorCore
import Testing

/// `clew run` and `clew inspect` on networks that PyTorch exported.
@Suite struct ONNXCommandTests {
  static let model = libraryFixture("NetworksTests/Fixtures/residual.onnx")
  static let arrays = libraryFixture("NetworksTests/Fixtures/residual_onnx.npz")

  @Test func anExportedNetworkIsRun() throws {
    let folder = try Folder()
    let result = try Clew.run(
      [
        "run", "--model", Self.model, "--input", Self.arrays + ":input", "--capture", "layer1.conv2", "--gradient-of", "1",
        "--precision", "float64", "--output", "out.npz",
      ], in: folder)
    #expect(result.status == 0, "\(result.error)")
    let (found, expected) = (try NamedArrays.load(folder.path("out.npz")), try NamedArrays.load(Self.arrays))
    for (a, b, tolerance) in [("output", "output", 1e-10), ("gradient:input", "gradient", 1e-8)] {
      let (x, y) = (try found.array(named: a), try expected.array(named: b))
      #expect(x.shape == y.shape)
      let scale = y.doubles.map { Swift.abs($0) }.max() ?? 0
      #expect(zip(x.doubles, y.doubles).allSatisfy { Swift.abs($0 - $1) <= tolerance * scale })
    }
    #expect(try found.array(named: "capture:layer1.conv2").shape == [2, 6, 6, 6])
  }

  @Test func itsLayersAreListed() throws {
    let result = try Clew.run(["inspect", Self.model, "--input-shape", "1,3,24,24"], in: try Folder())
    #expect(result.status == 0, "\(result.error)")
    #expect(result.text.contains("layer2.downsample.0"))
    let weight = try Clew.run(["inspect", Self.model + ":fc.weight", "--json"], in: try Folder())
    #expect(weight.status == 0 && weight.text.contains("fc.weight"))
  }

  @Test func aDamagedNetworkIsRefusedInOneLine() throws {
    let folder = try Folder()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Self.model))
    try folder.write(bytes.prefix(bytes.count / 2), "cut.onnx")
    let result = try Clew.run(["run", "--model", "cut.onnx", "--input", Self.arrays + ":input"], in: folder)
    #expect(result.status == 2 && !result.wasKilled)
    #expect(result.complaints.count == 1 && result.error.contains("cut.onnx"))
  }
}
