import Autograd

/// An affinity of your own between two feature vectors, with its derivative, for ``AffinityKernel/custom(_:)``.
///
/// It must be symmetric, w(x, y) = w(y, x), never negative, finite, and the same whenever it is asked for the same pair;
/// every node needs an affinity above zero to some node, be it itself. The first three are checked, on all pairs, before
/// anything is computed: what fails is a ``SpectralError/invalidInput(_:)`` that names the pair. The derivative is not
/// checked; `GradientTesting` does that in a test. Both functions are called from several threads.
public protocol PairAffinity: Sendable {
  /// w(x_i, y_j) of every row x_i with every column y_j.
  ///
  /// - Parameters:
  ///   - rows: feature vectors x, [m, D] float64, in the units given.
  ///   - columns: feature vectors y, [n, D] float64.
  /// - Returns: [m, n] float64.
  func weights(of rows: NDArray, and columns: NDArray) -> NDArray

  /// Σ_j c_ij·∂w(x_i, y_j)/∂x_i for every row, with y held constant, also where y_j is the same node as x_i.
  ///
  /// - Parameters:
  ///   - cotangent: c, [m, n] float64.
  ///   - rows: feature vectors x, [m, D] float64.
  ///   - columns: feature vectors y, [n, D] float64.
  /// - Returns: [m, D] float64.
  func pullback(_ cotangent: NDArray, to rows: NDArray, and columns: NDArray) -> NDArray
}

/// An affinity composed of operations that can be differentiated: its derivative follows.
public struct ComposedAffinity: PairAffinity {
  private let function: @Sendable (Tensor, Tensor) -> Tensor

  /// - Parameter function: w of all pairs of rows of two float64 tensors [m, D] and [n, D], as a tensor [m, n].
  public init(_ function: @escaping @Sendable (Tensor, Tensor) -> Tensor) { self.function = function }

  public func weights(of rows: NDArray, and columns: NDArray) -> NDArray { function(Tensor(rows), Tensor(columns)).value }

  public func pullback(_ cotangent: NDArray, to rows: NDArray, and columns: NDArray) -> NDArray {
    let input = Tensor(rows).recorded()
    do {
      return try (function(input, Tensor(columns)) * Tensor(cotangent)).sum().gradient(for: input).value
    } catch { fail(error) }
  }
}

/// Tiles of an affinity of someone else's.
struct CustomTiles: Sendable {
  let kernel: any PairAffinity
  /// [N, D], as given.
  let features: Matrix<Double>

  func features(of nodes: [Int]) -> NDArray {
    let channels = features.columns
    return NDArray.building([nodes.count, channels], as: Double.self) { buffer in
      guard let base = buffer.baseAddress else { return }
      for (index, node) in nodes.enumerated() {
        (base + index * channels).update(from: self.features.row(node), count: channels)
      }
    }
  }

  func weights(_ rows: NDArray, _ columns: NDArray) -> NDArray {
    let found = kernel.weights(of: rows, and: columns)
    if found.shape != [rows.shape[0], columns.shape[0]] || found.dtype != .float64 {
      fail(.shape("PairAffinity.weights", "expected float64 [\(rows.shape[0]), \(columns.shape[0])], found \(Signature(found))"))
    }
    return found
  }

  func pullback(_ cotangent: NDArray, _ rows: NDArray, _ columns: NDArray) -> NDArray {
    let found = kernel.pullback(cotangent, to: rows, and: columns)
    if found.shape != rows.shape || found.dtype != .float64 {
      fail(.shape("PairAffinity.pullback", "expected float64 \(rows.shape), found \(Signature(found))"))
    }
    return found
  }

  /// What breaks the contract first, in row-major order of tiles; `nil` if nothing does.
  func violation() -> String? {
    let n = features.rows
    let tiles = (n + affinityTile - 1) / affinityTile
    let found = FirstOf<String>()
    Parallel.forEach(tiles * (tiles + 1) / 2) { index in
      let (row, column) = upperTriangle(index)
      if found.hasEarlier(than: row * tiles + column) { return }
      let (first, second) = (affinityRange(row, n), affinityRange(column, n))
      let (x, y) = (self.features(of: Array(first)), self.features(of: Array(second)))
      let (above, below) = (self.weights(x, y).doubles, self.weights(y, x).doubles)
      for i in first {
        for j in second {
          let (a, b) = (
            above[(i - first.lowerBound) * second.count + j - second.lowerBound],
            below[(j - second.lowerBound) * first.count + i - first.lowerBound]
          )
          let isSound = a.isFinite && b.isFinite && a >= 0 && b >= 0
          if isSound && abs(a - b) <= 1e-6 * max(a, b) + 1e-15 { continue }
          let expected = isSound ? "the same both ways" : "finite numbers that are not negative"
          found.offer(
            "the affinity of nodes \(i) and \(j) is \(a), and \(b) the other way round; expected \(expected)",
            at: row * tiles + column)
          return
        }
      }
    }
    return found.value
  }
}
