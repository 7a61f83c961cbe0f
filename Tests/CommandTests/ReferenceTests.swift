import Foundation
import Testing

/// The committed reference case, through the command.
@Suite struct ReferenceTests {
  struct Reference: Decodable {
    struct Cluster: Decodable {
      let size: Int
      let firstPixel: Int
      let objective: Double
      let meanSigned, meanAbs, meanSignedProcrustes, meanAbsProcrustes: [Double]
    }
    let eigenvalues: [Double]
    let assignment: [Int]
    let clusters: [Cluster]
  }

  @Test(arguments: ["float64", "float32"], ["procrustes", "frozen"])
  func agreesWithDenseAutograd(precision: String, rotation: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let file = URL(fileURLWithPath: libraryFixture("SpectralClusteringTests/Fixtures/ncut_expected.json"))
    let reference = try decoder.decode(Reference.self, from: Data(contentsOf: file))
    let folder = try Folder()
    let result = try Clew.run(
      [
        "trace", libraryFixture("SpectralClusteringTests/Fixtures/ncut_features.npy"), "--segments", "4", "--sigma", "1.4",
        "--precision", precision, "--rotation", rotation, "--json",
      ], in: folder)
    #expect(result.status == 0, "\(result.error)")
    let document = try TraceDocument(result.output)
    #expect(document.sigma == 1.4)
    #expect(document.heldFixed == ["sigma", "assignment"] + (rotation == "frozen" ? ["rotation"] : []))

    let isDouble = precision == "float64"
    #expect(difference(document.eigenvalues, reference.eigenvalues) < (isDouble ? 1e-10 : 1e-5))
    #expect(document.segments.count == reference.clusters.count)
    for cluster in reference.clusters {
      let segment = document.segments[document.assignment[cluster.firstPixel]]
      let label = reference.assignment[cluster.firstPixel]
      #expect(document.assignment.map { $0 == segment.id } == reference.assignment.map { $0 == label })
      #expect(segment.size == cluster.size && segment.firstPixel == cluster.firstPixel)
      #expect(abs(segment.objective - cluster.objective) < (isDouble ? 1e-12 : 1e-6))
      let isFrozen = rotation == "frozen"
      let tolerance = isDouble ? 1e-8 : 2e-4
      let signed = isFrozen ? cluster.meanSigned : cluster.meanSignedProcrustes
      let absolute = isFrozen ? cluster.meanAbs : cluster.meanAbsProcrustes
      #expect(difference(segment.channels.map(\.meanSigned), signed) < tolerance)
      #expect(difference(segment.channels.map(\.meanAbsolute), absolute) < tolerance)
      // The reference's last channel is constant.
      #expect(segment.channels.last?.meanAbsolute == 0)
    }
  }

  /// Largest difference relative to the largest entry of the second.
  private func difference(_ a: [Double], _ b: [Double]) -> Double {
    #expect(a.count == b.count)
    return (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / (b.map(abs).max() ?? 1)
  }
}
