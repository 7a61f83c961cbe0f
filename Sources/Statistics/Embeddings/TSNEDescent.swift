import Foundation
import TensorCore

/// Gradient descent with momentum and a gain for each coordinate, as in van der Maaten's own program and scikit-learn.
struct TSNEDescent {
  /// p_ij, [n, n].
  let affinities: [Double]
  /// [n, dimensions]
  private(set) var points: [Double]
  let dimensions: Int
  private var velocity: [Double]
  private var gains: [Double]
  private let rate: Double
  /// Rows of the affinities, and of the kernel, of ``width`` numbers: whole vectors, filled up with zeros.
  private let rows: [Double]
  private var kernel: [Double]
  private var count: Int { points.count / dimensions }
  private var width: Int { (count + lanes - 1) / lanes * lanes }

  init(affinities: [Double], points: [Double], dimensions: Int) {
    (self.affinities, self.points, self.dimensions) = (affinities, points, dimensions)
    velocity = [Double](repeating: 0, count: points.count)
    gains = [Double](repeating: 1, count: points.count)
    let n = points.count / dimensions
    // Belkina et al. 2019.
    rate = max(Double(n) / 12 / 4, 50)
    let width = (n + lanes - 1) / lanes * lanes
    var rows = [Double](repeating: 0, count: n * width)
    for i in 0..<n { for j in 0..<n { rows[i * width + j] = affinities[i * n + j] } }
    self.rows = rows
    kernel = [Double](repeating: 0, count: n * width)
  }

  /// KL(P‖Q) with q_ij = k_ij/Σk, k = 1/(1 + d²).
  var divergence: Double {
    let n = count
    let columns = planes
    var (sum, total) = (0.0, 0.0)
    func weight(_ i: Int, _ j: Int) -> Double {
      var square = 1.0
      for axis in 0..<dimensions {
        let difference = columns[axis * width + i] - columns[axis * width + j]
        square += difference * difference
      }
      return 1 / square
    }
    for i in 0..<n { for j in 0..<n where j != i { total += weight(i, j) } }
    for i in 0..<n {
      for j in 0..<n where j != i {
        let p = affinities[i * n + j]
        if p > 0 { sum += p * log(p * total / weight(i, j)) }
      }
    }
    return max(0, sum)
  }

  /// Coordinate by coordinate, each ``width`` numbers; what fills a plane up is so far from everything that it has no say.
  private var planes: [Double] {
    let (n, width) = (count, width)
    var result = [Double](repeating: 1e150, count: dimensions * width)
    for i in 0..<n { for axis in 0..<dimensions { result[axis * width + i] = points[i * dimensions + axis] } }
    return result
  }

  /// ∂KL(e·P‖Q)/∂y_i = 4·Σ_j (e·p_ij − q_ij)·k_ij·(y_i − y_j), e the exaggeration; [n, dimensions].
  mutating func gradient(exaggeration: Double) -> [Double] {
    let (n, width, dimensions) = (count, width, dimensions)
    var sums = [Double](repeating: 0, count: n)
    var gradient = [Double](repeating: 0, count: n * dimensions)
    planes.withUnsafeBufferPointer { y in
      kernel.withUnsafeMutableBufferPointer { kernel in
        guard let y = y.baseAddress, let kernel = kernel.baseAddress else { return }
        sums.withUnsafeMutableBufferPointer { sums in
          let target = UncheckedSendable(sums)
          Parallel.forEachChunk(of: n, size: 32) { chunk in
            for i in chunk { target.value[i] = kernelRow(y, i, width, dimensions, kernel + i * width) }
          }
        }
        // In the order of the points, whichever thread had them.
        let total = sums.reduce(0, +)
        rows.withUnsafeBufferPointer { p in
          gradient.withUnsafeMutableBufferPointer { gradient in
            guard let p = p.baseAddress, let gradient = gradient.baseAddress else { return }
            Parallel.forEachChunk(of: n, size: 32) { chunk in
              for i in chunk {
                force(
                  y, i, width, dimensions, p + i * width, kernel + i * width, exaggeration, 1 / total, gradient + i * dimensions)
              }
            }
          }
        }
      }
    }
    return gradient
  }

  mutating func step(exaggeration: Double, momentum: Double) {
    let gradient = gradient(exaggeration: exaggeration)
    for place in points.indices {
      let isSteady = velocity[place] * gradient[place] < 0
      gains[place] = max(0.01, isSteady ? gains[place] + 0.2 : gains[place] * 0.8)
      velocity[place] = momentum * velocity[place] - rate * gains[place] * gradient[place]
      points[place] += velocity[place]
    }
  }
}

/// Numbers in one vector. Sums are taken lane by lane, so bits do not depend on what the processor has.
private let lanes = 8
private typealias Lane = SIMD8<Double>

@inline(__always) private func load(_ pointer: UnsafePointer<Double>) -> Lane {
  UnsafeRawPointer(pointer).loadUnaligned(as: Lane.self)
}

/// Writes 1/(1 + d²) of point i and every point, 0 for itself; gives their sum.
private func kernelRow(
  _ y: UnsafePointer<Double>, _ i: Int, _ width: Int, _ dimensions: Int, _ kernel: UnsafeMutablePointer<Double>
) -> Double {
  for j in stride(from: 0, to: width, by: lanes) {
    var square = Lane(repeating: 1)
    for axis in 0..<dimensions {
      let difference = Lane(repeating: y[axis * width + i]) - load(y + axis * width + j)
      square += difference * difference
    }
    UnsafeMutableRawPointer(kernel + j).storeBytes(of: Lane(repeating: 1) / square, as: Lane.self)
  }
  kernel[i] = 0
  var sum = Lane()
  for j in stride(from: 0, to: width, by: lanes) { sum += load(kernel + j) }
  return sum.sum()
}

/// 4·Σ_j (e·p_ij − k_ij/total)·k_ij·(y_i − y_j) for point i.
private func force(
  _ y: UnsafePointer<Double>, _ i: Int, _ width: Int, _ dimensions: Int, _ p: UnsafePointer<Double>,
  _ kernel: UnsafePointer<Double>, _ exaggeration: Double, _ inverseTotal: Double, _ result: UnsafeMutablePointer<Double>
) {
  for axis in 0..<dimensions {
    let (plane, own) = (y + axis * width, Lane(repeating: y[axis * width + i]))
    var sum = Lane()
    for j in stride(from: 0, to: width, by: lanes) {
      let k = load(kernel + j)
      sum += (load(p + j) * exaggeration - k * inverseTotal) * k * (own - load(plane + j))
    }
    result[axis] = 4 * sum.sum()
  }
}
