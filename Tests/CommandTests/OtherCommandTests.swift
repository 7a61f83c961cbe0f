import Formats
import Foundation
import TensorCore
import Testing

@Suite struct OtherCommandTests {
  @Test func theDemonstrationFindsWhatWasPlanted() throws {
    let folder = try Folder()
    let result = try Clew.run(["trace", "--demo", "--seed", "0", "--output", "demo"], in: folder)
    #expect(result.status == 0, "\(result.error)")
    let document = try TraceDocument(folder.bytes("demo/result.json"))
    let planted = try #require(document.planted)
    #expect(planted.plantedCount == 12)
    #expect(planted.foundCount >= 8)
    #expect(result.text.contains("found \(planted.foundCount) of 12 planted channels"))
    for name in ["top-channels.png", "segmentation.png", "channel-maps.png"] {
      #expect(result.text.contains("demo/" + name))
      #expect(folder.names("demo").contains(name))
    }
    #expect(document.provenance.inputs.isEmpty)
  }

  @Test(arguments: [
    [], ["trace"], ["neurons"], ["neurons", "ablate"], ["neurons", "test"], ["neurons", "paths"], ["run"], ["inspect"],
    ["doctor"],
  ])
  func helpShowsAnExample(_ command: [String]) throws {
    let result = try Clew.run(command + ["--help"], in: try Folder())
    #expect(result.status == 0 && result.error.isEmpty)
    let example = try #require(result.text.split(separator: "\n").first { $0.contains("Example") })
    let rest = result.text[example.endIndex...]
    #expect(rest.contains("  clew \(command.first ?? "trace")"))
    #expect(result.text.contains("USAGE"))
  }

  @Test func theVersion() throws {
    let result = try Clew.run(["--version"], in: try Folder())
    #expect(result.status == 0 && result.text.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
  }

  struct Inspection: Decodable {
    struct Entry: Decodable {
      let name: String
      let shape: [Int]?
      let storedType, dtype: String?
      let minimum, maximum, mean: Double?
      let notFinite: Int?
      let problem: String?
    }
    let entries: [Entry]
    let warnings: [String]
  }

  private func inspect(_ file: String, in folder: Folder) throws -> Inspection {
    let result = try Clew.run(["inspect", file, "--json"], in: folder)
    #expect(result.status == 0, "\(result.error)")
    let inspection = try JSONDecoder().decode(Inspection.self, from: result.output)
    #expect(result.complaints.count == inspection.warnings.count)
    return inspection
  }

  @Test func inspectingAnArray() throws {
    let folder = try Folder()
    try folder.save(NDArray([1, .nan, 4, -3, .infinity, 2] as [Float], shape: [2, 3]))
    let entry = try #require(try inspect("features.npy", in: folder).entries.first)
    #expect(entry.name == "array" && entry.shape == [2, 3] && entry.dtype == "float32")
    #expect(entry.minimum == -3 && entry.maximum == 4 && entry.mean == 1 && entry.notFinite == 2)
    let text = try Clew.run(["inspect", "features.npy"], in: folder).text
    #expect(text.contains("[2, 3]") && text.contains("2 not finite"))
  }

  @Test func inspectingAnArchiveOfWhichOneArrayCannotBeRead() throws {
    let folder = try Folder()
    let file = libraryFixture("FormatsTests/Fixtures/with-strings.npz")
    let inspection = try inspect(file, in: folder)
    #expect(inspection.entries.count > 1)
    #expect(inspection.entries.count { $0.problem != nil } == 1)
    #expect(inspection.entries.count { $0.mean != nil } == inspection.entries.count - 1)
    #expect(inspection.warnings.count == 1 && inspection.warnings[0].contains("strings"))
    let result = try Clew.run(["inspect", file], in: folder)
    #expect(result.status == 0 && result.error.hasPrefix("warning: "))
    #expect(result.text.split(separator: "\n").count == inspection.entries.count)
  }

  @Test func inspectingAPicture() throws {
    let entry = try #require(
      try inspect(libraryFixture("FormatsTests/Fixtures/rgb.png"), in: try Folder()).entries.first)
    #expect(entry.name == "pixels" && entry.dtype == "uint8" && entry.shape?.count == 3 && entry.shape?.last == 3)
  }

  @Test(arguments: [("missing.npy", "no such file"), ("two.npz:thrid", "did you mean 'third'?"), (".", "a folder")])
  func inspectingWhatIsNotThere(_ file: String, _ says: String) throws {
    let folder = try Folder()
    try NPZ.write([("first", .zeros([2])), ("third", .zeros([3]))], to: folder.path("two.npz"))
    let result = try Clew.run(["inspect", file], in: folder)
    #expect(result.status == 2 && result.output.isEmpty)
    #expect(result.complaints.count == 1 && result.error.hasPrefix("clew: ") && result.error.contains(says), "\(result.error)")
  }

  struct Diagnosis: Decodable {
    struct Check: Decodable {
      let name, found: String
      let isGood: Bool
      let advice: String?
    }
    let checks: [Check]
    let warnings: [String]
  }

  @Test func theDoctorNamesTheKernels() throws {
    let folder = try Folder()
    let text = try Clew.run(["doctor"], in: folder)
    #expect(text.status == 0 && text.text.contains("BLAS kernels: OpenBLAS, "))
    let result = try Clew.run(["doctor", "--json"], in: folder)
    let diagnosis = try JSONDecoder().decode(Diagnosis.self, from: result.output)
    let blas = try #require(diagnosis.checks.first { $0.name == "BLAS kernels" })
    #expect(blas.isGood && blas.advice == nil && blas.found.contains("kernels"))
    let convolution = try #require(diagnosis.checks.first { $0.name == "convolution kernels" })
    #expect(convolution.isGood && convolution.found.contains(/^oneDNN \d+\.\d+\.\d+, \S/))
    #expect(diagnosis.checks.first { $0.name.contains("gradient") }?.isGood == true)
  }

  @Test func theDoctorNamesWhatForcesOtherKernels() throws {
    let result = try Clew.run(["doctor"], in: try Folder(), environment: ["OPENBLAS_CORETYPE": "Haswell"])
    #expect(result.status == 0)
    #expect(result.text.contains("forced by OPENBLAS_CORETYPE=Haswell"))
    #expect(result.text.contains("unset OPENBLAS_CORETYPE"))
    let limited = try Clew.run(["doctor"], in: try Folder(), environment: ["ONEDNN_MAX_CPU_ISA": "SSE41"])
    #expect(limited.status == 0 && limited.text.contains("SSE4.1, held back by ONEDNN_MAX_CPU_ISA=SSE41"))
  }
}
