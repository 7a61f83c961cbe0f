import Formats
import SpectralClustering
import Testing

@Suite struct ReferenceTests {
  @Test(arguments: [DType.float64, .float32], RotationRule.allCases)
  func agreesWithDenseAutograd(_ precision: DType, _ rule: RotationRule) throws {
    let reference = try NCutReference.load()
    let features = try NPY.read(NCutReference.featuresPath()).converted(to: precision)
      .reshaped(to: [reference.shape[0] * reference.shape[1], reference.shape[2]])
    let cut = try NormalizedCut(features, segments: reference.segments, width: .value(reference.sigma))
    let tight = precision == .float64
    for (a, b) in zip(cut.eigenvalues, reference.eigenvalues) { #expect(abs(a - b) < (tight ? 1e-10 : 1e-5)) }

    let partition = try KWayCut(cut, rule: rule)
    #expect(abs(partition.rotationObjective - reference.kwayObjective) < (tight ? 1e-9 : 1e-3))
    let gradients = try partition.segmentGradients()
    #expect(reference.clusters.count == partition.segments.count)
    for (cluster, nodes) in zip(reference.clusters.sorted { $0.firstPixel < $1.firstPixel }, partition.segments) {
      let label = reference.assignment[cluster.firstPixel]
      #expect(nodes == reference.assignment.indices.filter { reference.assignment[$0] == label })
      let segment = partition.assignment[cluster.firstPixel]
      #expect(abs(partition.objectives[segment] - cluster.objective) < (tight ? 1e-12 : 1e-6))
      let (signed, absolute) =
        rule == .frozen
        ? (cluster.meanSigned, cluster.meanAbs) : (cluster.meanSignedProcrustes, cluster.meanAbsProcrustes)
      let tolerance = tight ? 1e-8 : 2e-4
      #expect(relativeDifference(columnMeans(gradients.values, nodes), signed) < tolerance)
      #expect(relativeDifference(columnMeans(gradients.values, nodes, abs), absolute) < tolerance)
    }
    // The last channel is constant.
    for node in 0..<features.shape[0] { #expect(gradients.values.doubles[node * 12 + 11] == 0) }
  }
}
