import Formats
import Foundation
import TensorCore
import Testing

/// `clew run`, and `trace` and `inspect` with a network, on a checkpoint that PyTorch ran.
@Suite struct NetworkCommandTests {
  static let resNet = libraryFixture("NetworksTests/Fixtures/resnet18.npz")
  static let model = ["--model", "resnet18", "--checkpoint", resNet, "--prefix", "state."]

  struct Run: Decodable {
    let outputs: [[Double?]]
    let shapes: [String: [Int]]
    let warnings: [String]
  }

  @Test(arguments: [1, 2, 16])
  func outputsActivationsAndGradientsAreWritten(batchSize: Int) throws {
    let folder = try Folder()
    let result = try Clew.run(
      ["run"] + Self.model + [
        "--input", Self.resNet + ":input", "--capture", "layer1.0.conv1", "fc", "--gradient-of", "1", "--precision", "float64",
        "--batch-size", "\(batchSize)", "--output", "out.npz", "--json",
      ], in: folder)
    #expect(result.status == 0, "\(result.error)")
    let document = try JSONDecoder().decode(Run.self, from: result.output)
    let expected = try NamedArrays.load(Self.resNet)
    let arrays = try NamedArrays.load(folder.path("out.npz"))
    #expect(
      arrays.names == [
        "output", "capture:layer1.0.conv1", "capture:fc", "gradient:input", "gradient:layer1.0.conv1", "gradient:fc",
      ])
    for (found, key) in [("output", "output"), ("gradient:input", "gradient")] {
      let (a, b) = (try arrays.array(named: found), try expected.array(named: key))
      #expect(a.shape == b.shape)
      let scale = b.doubles.map { Swift.abs($0) }.max() ?? 0
      #expect(zip(a.doubles, b.doubles).allSatisfy { Swift.abs($0 - $1) <= 1e-8 * scale })
    }
    #expect(document.shapes["capture:layer1.0.conv1"] == [2, 2, 10, 9])
    #expect(document.outputs.flatMap { $0 }.map { $0 ?? .nan } == (try arrays.array(named: "output")).doubles)
    // The gradient with respect to the outputs themselves is one-hot.
    #expect(try arrays.array(named: "gradient:fc").doubles == [0, 1, 0, 0, 0, 0, 1, 0, 0, 0])
    #expect(document.warnings.isEmpty)
  }

  /// What HDF5 takes batch by batch is what the others take at once.
  @Test func everyFileFormatHoldsTheSameArrays() throws {
    let folder = try Folder()
    for (name, size) in [("out.npz", "2"), ("out.safetensors", "1"), ("out.h5", "1")] {
      let result = try Clew.run(
        ["run"] + Self.model + [
          "--input", Self.resNet + ":input", "--capture", "layer2.0.add", "--gradient-of", "1", "--precision", "float64",
          "--batch-size", size, "--output", name, "--quiet",
        ], in: folder)
      #expect(result.status == 0, "\(name) \(result.error)")
    }
    let expected = try NamedArrays.load(folder.path("out.npz"))
    for name in ["out.safetensors", "out.h5"] {
      let found = try NamedArrays.load(folder.path(name))
      #expect(Set(found.names) == Set(expected.names))
      for key in expected.names {
        let (a, b) = (try found.array(named: key), try expected.array(named: key))
        #expect(a.shape == b.shape && zip(a.doubles, b.doubles).allSatisfy { Swift.abs($0 - $1) < 1e-10 }, "\(name) \(key)")
      }
    }
  }

  @Test func aRunThatFailsMidwayLeavesNoFile() throws {
    let folder = try Folder()
    let pictures = ["rgb.jpg", "grey.jpg"].map { libraryFixture("FormatsTests/Fixtures/" + $0) }
    let missing = folder.path("missing.jpg")
    let result = try Clew.run(
      ["run"] + Self.model + ["--input"] + pictures + [missing, "--batch-size", "1", "--output", "out.h5"], in: folder)
    #expect(result.status == 2 && result.complaints.count == 1 && result.error.contains("missing.jpg"), "\(result.error)")
    #expect(!folder.names("").contains("out.h5"))
  }

  @Test func picturesBecomeFeaturesAndSegments() throws {
    let folder = try Folder()
    let picture = libraryFixture("FormatsTests/Fixtures/rgb.jpg")
    let run = try Clew.run(
      ["run"] + Self.model + [
        "--input", picture, "--capture", "layer2.0.add", "--grid", "--image-size", "64,96", "--output", "f.safetensors",
      ], in: folder)
    #expect(run.status == 0, "\(run.error)")
    let features = try NamedArrays.load(folder.path("f.safetensors")).array(named: "capture:layer2.0.add")
    #expect(features.shape == [1, 8, 12, 4])
    let options = ["--segments", "3", "--json"]
    let fromFile = try Clew.run(["trace", "f.safetensors:capture:layer2.0.add"] + options, in: folder)
    #expect(fromFile.status == 0, "\(fromFile.error)")
    let atOnce = try Clew.run(
      ["trace"] + Self.model + ["--layer", "layer2.0.add", "--image-size", "64,96", picture] + options, in: folder)
    #expect(atOnce.status == 0, "\(atOnce.error)")
    let (a, b) = (try TraceDocument(fromFile.output), try TraceDocument(atOnce.output))
    #expect(a.assignment == b.assignment && a.scores.count == b.scores.count)
    // A run with captures goes layer by layer, one that asks for an output alone by a plan that folds normalisations: the
    // rounding differs.
    let largest = a.scores.map { Swift.abs($0) }.max() ?? 0
    #expect(zip(a.scores, b.scores).allSatisfy { Swift.abs($0 - $1) < 1e-5 * largest })
    #expect(a.shape == [1, 8, 12, 4] && b.shape == [8, 12, 4])
    let two = try Clew.run(
      ["trace"] + Self.model + ["--layer", "layer2.0.add", "--image-size", "64,96", picture, picture] + options, in: folder)
    #expect(try TraceDocument(two.output).shape == [2, 8, 12, 4])
  }

  @Test func theTableOfANetwork() throws {
    struct Table: Decodable {
      struct Entry: Decodable {
        let name: String
        let shapes: [[Int]]
        let parameters, multiplyAdds: Int
      }
      let entries: [Entry]
      let parameters, multiplyAdds: Int
    }
    let folder = try Folder()
    let result = try Clew.run(["inspect"] + Self.model + ["--input-shape", "1,3,64,64", "--json"], in: folder)
    #expect(result.status == 0, "\(result.error)")
    let table = try JSONDecoder().decode(Table.self, from: result.output)
    let conv = try #require(table.entries.first { $0.name == "conv1" })
    #expect(conv.shapes == [[1, 2, 32, 32]] && conv.parameters == 2 * 3 * 49 && conv.multiplyAdds == 2 * 1024 * 3 * 49)
    #expect(table.parameters == table.entries.reduce(0) { $0 + $1.parameters })
    let text = try Clew.run(["inspect"] + Self.model, in: folder)
    #expect(text.text.contains("layer4.1.relu_1") && text.text.contains("[1, 16, 7, 7]"))
  }

  @Test(arguments: [
    (["--model", "resnet19"], "did you mean 'resnet18'?"),
    (["--model", "resnet18"], "--checkpoint"),
    (["--model", "resnet34", "--checkpoint", resNet, "--prefix", "state."], "missing"),
    (["--model", "resnet18", "--checkpoint", resNet, "--prefix", "other."], "expected names that begin with 'other.'"),
    (["--model", "resnet18", "--checkpoint", "nowhere.pth"], "nowhere.pth"),
    (model + ["--capture", "layer1.0.con1"], "did you mean 'layer1.0.conv1'?"),
    (model + ["--gradient-of", "5"], "expected from 0 to 4"),
    (model + ["--gradient-of", "-1"], "expected from 0 to 4"),
    (model + ["--batch-size", "0"], "expected at least 1"),
    (model + ["--output", "out.txt"], "expected a name that ends in"),
  ])
  func whatCannotBeUsedEndsWith2(arguments: [String], words: String) throws {
    let folder = try Folder()
    let result = try Clew.run(["run", "--input", Self.resNet + ":input"] + arguments, in: folder)
    #expect(result.status == 2 && !result.wasKilled)
    #expect(result.complaints.count == 1 && result.error.contains(words), "\(result.error)")
    #expect(result.output.isEmpty && folder.names("").allSatisfy { $0.hasPrefix(".") })
  }

  @Test func anInputOfAnotherShapeEndsWith2() throws {
    let folder = try Folder()
    for shape: Shape in [[2, 3], [1, 4, 32, 32], [1, 3, 0, 4], [1, 3, 1, 1]] {
      let name = try folder.save(.zeros(shape), "x.npy")
      let result = try Clew.run(["run"] + Self.model + ["--input", name], in: folder)
      // A single pixel is enough for a residual network.
      #expect(result.status == (shape == [1, 3, 1, 1] ? 0 : 2) && !result.wasKilled, "\(shape) \(result.error)")
    }
  }
}
