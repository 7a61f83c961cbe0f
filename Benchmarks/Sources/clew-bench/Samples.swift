import ArgumentParser
import Clew
import Foundation

/// Holds the estimated error of cuts that are extended from a sample against the true one, as rows of a Markdown table.
struct Samples: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Extend cuts from samples of growing size, and compare them with the exact cut.",
    discussion: """
      Examples:
        clew-bench samples --segments 4                                # of the tissue of clew trace --demo
        clew-bench samples --segments 8 --input features.npy --sizes 100 --sizes 1000
      """)

  @Option(help: "[nodes, channels] in .npy; by default the generated tissue.")
  var input: String?
  @Option var segments: Int
  @Option(help: "Nodes in a sample; may be given several times.")
  var sizes = [250, 500, 1000, 2000, 4000]
  @Option(help: "Draws of each size; the numbers are of the one in the middle by true error.")
  var draws = 5

  func run() throws {
    let given = try input.map { try NPY.read($0) } ?? TissuePhantom(seed: 0).features
    let channels = given.shape[given.rank - 1]
    let features = given.reshaped(to: [given.count / channels, channels]).converted(to: .float32)
    let clock = ContinuousClock()
    print("\(features.shape[0]) nodes, \(channels) channels, \(segments) segments")
    print("| M | M/N | estimate | true | time of cut and gradients |")
    for size in sizes {
      var rows: [(angle: Double, text: String)] = []
      for draw in 0..<draws {
        var partition: KWayCut?
        let time = try clock.measure {
          let cut = try NormalizedCut(features, segments: segments, sample: NodeSample(count: size, seed: UInt64(draw)))
          let own = try KWayCut(cut)
          _ = try own.segmentGradients(withWidths: false)
          partition = own
        }
        guard let cut = partition?.cut, let error = cut.sample?.error else { continue }
        // The median of the sample is another, and the exact cut is taken with it.
        let exact = try NormalizedCut(features, segments: segments, width: .value(cut.sigma))
        let angle = sine(cut.eigenvectors, exact.eigenvectors)
        rows.append(
          (
            angle,
            String(
              format: "| %d | %.1f %% | %.3f ± %.3f | %.3f | %.2f s |", size, 100 * Double(size) / Double(features.shape[0]),
              error.angle ?? .nan, error.standardError ?? .nan, angle,
              Double(time.components.seconds) + 1e-18 * Double(time.components.attoseconds))
          ))
      }
      rows.sort { $0.angle < $1.angle }
      print(rows[rows.count / 2].text)
    }
    let time = try clock.measure {
      _ = try KWayCut(NormalizedCut(features, segments: segments)).segmentGradients(withWidths: false)
    }
    print("the exact cut and its gradients: \(time)")
  }

  /// ‖sin Θ‖_F of the spans of two orthonormal [N, K].
  private func sine(_ v: NDArray, _ u: NDArray) -> Double {
    let (v, u) = (Tensor(v), Tensor(u))
    let rest = v - matmul(u, matmul(u, v, transposeA: true))
    return (rest * rest).sum().scalar.squareRoot()
  }
}
