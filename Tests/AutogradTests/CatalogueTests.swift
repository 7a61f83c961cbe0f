import Autograd
import Foundation
import GradientTesting
import Testing

/// One sample of one operation of the catalogue, with a readable name.
struct Case: CustomTestStringConvertible, Sendable {
  let sample: Sample
  let testDescription: String

  static let all: [Case] = Catalogue.primitives.flatMap { primitive in
    primitive.samples.enumerated().map { index, sample in
      Case(sample: sample, testDescription: "\(primitive.name) #\(index) \(sample.primitive)")
    }
  }

  func inputs(_ dtype: DType) -> [Tensor] {
    var random = RandomSource(seed: 7)
    return sample.inputs.map { Tensor($0.values(dtype, &random)) }
  }

  func function(_ inputs: [Tensor]) throws -> [Tensor] {
    let outputs = try sample.primitive.apply(inputs)
    return try sample.observe?(outputs) ?? outputs
  }
}

@Suite struct CatalogueTests {
  @Test func everyFileIsInTheCatalogue() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/Autograd/Primitives")
    var declared: [String] = []
    for case let url as URL in try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)) {
      guard url.pathExtension == "swift" else { continue }
      for line in try String(contentsOf: url, encoding: .utf8).split(separator: "\n") where line.contains(": Primitive {") {
        let words = line.split(whereSeparator: { " :".contains($0) })
        if let at = words.firstIndex(of: "struct") { declared.append(String(words[at + 1])) }
      }
    }
    #expect(declared.sorted() == Catalogue.primitives.map { $0.name }.sorted())
  }

  @Test func everyOperationHasSamples() {
    for primitive in Catalogue.primitives {
      #expect(!primitive.samples.isEmpty, "\(primitive.name) has no samples")
      #expect(!primitive.errorSamples.isEmpty, "\(primitive.name) has no error samples")
    }
  }

  @Test(arguments: Case.all) func derivativesMatchFiniteDifferences(_ testCase: Case) throws {
    try checkGradients(
      of: testCase.function, at: testCase.inputs(.float64), order: testCase.sample.secondOrder ? 2 : 1)
  }

  @Test(arguments: Case.all) func shapeRuleMatchesForward(_ testCase: Case) throws {
    for dtype in [DType.float32, .float64] {
      let inputs = testCase.inputs(dtype)
      let predicted = try testCase.sample.primitive.infer(inputs.map { Signature($0) })
      #expect(try testCase.sample.primitive.apply(inputs).map { Signature($0) } == predicted)
    }
  }

  @Test(arguments: Case.all) func float32AgreesWithFloat64(_ testCase: Case) throws {
    // The same float32 numbers through both paths.
    let single = testCase.inputs(.float32)
    let double = single.map { $0.dtype.isFloating ? Tensor($0.value.converted(to: .float64)) : $0 }
    func valuesAndCotangents(_ inputs: [Tensor]) throws -> [Tensor] {
      let active = inputs.indices.filter { inputs[$0].dtype.isFloating }
      var random = RandomSource(seed: 11)
      let leaves = inputs.map { $0.dtype.isFloating ? $0.recorded() : $0 }
      let outputs = try testCase.function(leaves).filter(\.dtype.isFloating)
      var result = outputs.map(\.detached)
      for output in outputs where output.isRecorded {
        let u = Tensor(NDArray(random.normals(output.count), shape: output.shape).converted(to: output.dtype))
        result += try output.gradient(for: active.map { leaves[$0] }, cotangent: u)
      }
      return result
    }
    let bound = Catalogue.float32Bound(of: type(of: testCase.sample.primitive))
    for (a, b) in zip(try valuesAndCotangents(single), try valuesAndCotangents(double)) {
      let scale = max(1, b.doubles.map { abs($0) }.filter(\.isFinite).max() ?? 0)
      for (x, y) in zip(a.doubles, b.doubles) { #expect(x == y || abs(x - y) <= bound * scale, "\(x) and \(y)") }
    }
  }

  @Test func wrongInputsAreRefused() {
    for primitive in Catalogue.primitives {
      for (index, sample) in primitive.errorSamples.enumerated() {
        #expect(throws: TensorError.self, "\(primitive.name) accepts its error sample \(index)") {
          try sample.primitive.infer(sample.inputs)
        }
      }
    }
  }
}
