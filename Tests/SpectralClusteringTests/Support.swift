import Foundation
import SpectralClustering
import Testing

/// The committed reference case: features and what dense float64 autograd gives on them (see `make_ncut_fixture.py`).
struct NCutReference: Decodable {
  struct Cluster: Decodable {
    let size: Int
    let firstPixel: Int
    let objective: Double
    let meanSigned: [Double]
    let meanAbs: [Double]
    let meanSignedProcrustes: [Double]
    let meanAbsProcrustes: [Double]
  }
  let shape: [Int]
  let sigma: Double
  let segments: Int
  let eigenvalues: [Double]
  let assignment: [Int]
  let kwayObjective: Double
  let clusters: [Cluster]

  static func load() throws -> NCutReference {
    let url = try #require(Bundle.module.url(forResource: "ncut_expected", withExtension: "json", subdirectory: "Fixtures"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(NCutReference.self, from: Data(contentsOf: url))
  }

  static func featuresPath() throws -> String {
    try #require(Bundle.module.url(forResource: "ncut_features", withExtension: "npy", subdirectory: "Fixtures")).path
  }
}

/// `clusters` groups of points around random centres in `channels` dimensions.
func clustered(
  nodes: Int, channels: Int, clusters: Int, noise: Double = 0.3, seed: UInt64 = 1, dtype: DType = .float64
) -> NDArray {
  var random = RandomSource(seed: seed)
  let centres = random.normals(clusters * channels)
  var values: [Double] = []
  for node in 0..<nodes {
    for channel in 0..<channels {
      values.append(centres[(node * clusters / nodes) * channels + channel] + noise * random.normal())
    }
  }
  return NDArray(values, shape: [nodes, channels]).converted(to: dtype)
}

/// Mean over the nodes of a segment of each column.
func columnMeans(_ values: NDArray, _ nodes: [Int], _ transform: (Double) -> Double = { $0 }) -> [Double] {
  let (doubles, channels) = (values.doubles, values.shape[1])
  return (0..<channels).map { channel in
    nodes.reduce(0) { $0 + transform(doubles[$1 * channels + channel]) } / Double(nodes.count)
  }
}

/// Largest difference relative to the largest entry of the second.
func relativeDifference(_ a: [Double], _ b: [Double]) -> Double {
  zip(a, b).map { abs($0 - $1) }.max().map { $0 / max(b.map(abs).max() ?? 0, 1e-300) } ?? 0
}
