import Formats
import Foundation
import TensorCore
import Testing

/// `clew trace --spectral-filter`
@Suite struct SpectralFilterCommandTests {
  struct Document: Decodable {
    struct Filter: Decodable {
      let form, chosen: String
      let centre, width: Double
      let eigenvectors: Int
    }
    struct Certificate: Decodable { let reason: String? }
    let spectralFilter: Filter?
    let rotation: String?
    let heldFixed: [String]
    let eigenvalues: [Double]
    let spectralGap: Double
    let certificate: Certificate
    let assignment: [Int]
    let warnings: [String]
  }

  /// Features that nothing divides.
  private func folder() throws -> Folder {
    let folder = try Folder()
    var random = RandomSource(seed: 12)
    try folder.save(NDArray(random.normals(600 * 5).map { Float($0) }, shape: [600, 5]))
    return folder
  }

  private func run(_ options: [String], in folder: Folder) throws -> (Document, Clew.Result) {
    let result = try Clew.run(["trace", "features.npy", "--segments", "3", "--json"] + options, in: folder)
    #expect(result.status == 0, "\(result.error)")
    return (try JSONDecoder().decode(Document.self, from: result.output), result)
  }

  @Test func theResultNamesTheFilter() throws {
    let folder = try folder()
    let (plain, _) = try run([], in: folder)
    #expect(plain.spectralFilter == nil && plain.rotation == "procrustes")
    let (automatic, result) = try run(["--spectral-filter", "auto"], in: folder)
    let filter = try #require(automatic.spectralFilter)
    let last = try #require(automatic.eigenvalues.last)
    #expect(filter.form == "smoothstep" && filter.chosen == "auto")
    #expect(abs(filter.centre - (last - automatic.spectralGap / 2)) < 1e-12)
    #expect(filter.width == max(automatic.spectralGap, last / 10, 1e-3))
    #expect(filter.eigenvectors > 3)
    #expect(automatic.rotation == nil && automatic.heldFixed == ["sigma", "assignment", "filter"])
    #expect(automatic.certificate.reason?.contains("spectral filter") == true)
    #expect(
      automatic.warnings.contains { $0.contains("spectral filter") } && !automatic.warnings.contains { $0.contains("gradients") })
    // The assignment is found as without.
    #expect(automatic.assignment == plain.assignment)
    let (given, _) = try run(["--spectral-filter", "0.05", "--sigma-gradient", "--memory", "0"], in: folder)
    #expect(given.spectralFilter?.width == 0.05 && given.spectralFilter?.chosen == "given")
    #expect(given.heldFixed == ["assignment", "filter"])
    // Tiles give what a stored affinity gives.
    let scores = try ["0", "1GB"].map { memory in
      let options = ["--spectral-filter", "auto", "--memory", memory, "--precision", "float64"]
      return try TraceScores(run(options, in: folder).1.output).values
    }
    let largest = scores[0].map(abs).max() ?? 0
    #expect(zip(scores[0], scores[1]).allSatisfy { abs($0 - $1) < 1e-8 * largest })
    #expect(
      try withoutProvenance(result.output)
        == withoutProvenance(run(["--spectral-filter", "auto", "--threads", "3"], in: folder).1.output))
    let table = try Clew.run(["trace", "features.npy", "--segments", "3", "--spectral-filter", "auto"], in: folder)
    #expect(table.text.contains("spectral filter ") && table.text.contains("\(filter.eigenvectors) eigenvectors have a weight"))
  }

  private struct TraceScores: Decodable {
    struct Channel: Decodable { let meanSigned, meanAbsolute: Double }
    struct Segment: Decodable { let channels: [Channel] }
    let segments: [Segment]
    var values: [Double] { segments.flatMap { $0.channels.flatMap { [$0.meanSigned, $0.meanAbsolute] } } }
    init(_ data: Data) throws { self = try JSONDecoder().decode(TraceScores.self, from: data) }
  }

  @Test func whatCannotBeUsedIsRefused() throws {
    let folder = try folder()
    for (options, status, says) in [
      (["--spectral-filter", "0"], Int32(2), "0.0001"), (["--spectral-filter", "-1"], 2, "0.0001"),
      (["--spectral-filter", "3"], 2, "found 3"), (["--spectral-filter", "nan"], 2, "nan"),
      (["--spectral-filter", "auto", "--rotation", "frozen"], 2, "frozen"), (["--spectral-filter", "wide"], 64, "wide"),
    ] {
      let result = try Clew.run(["trace", "features.npy", "--segments", "3", "--json"] + options, in: folder)
      #expect(result.status == status && result.output.isEmpty && result.error.contains(says), "\(options): \(result.error)")
    }
  }
}
