import CKernels
import Foundation
import TensorCore

/// One classifier on one split, ablated along orders of its features.
///
/// Its logits are linear in the features, so that a further ablated feature subtracts one product: all sizes from 0 to D are one
/// pass of prefix sums for an order, where each would be a pass of its own.
public struct AblationSweep: Sendable {
  /// How well the classifier does with some features ablated.
  public struct Performance: Sendable, Equatable {
    /// Share of samples whose true class has the largest logit.
    public var accuracy: Double
    /// Mean of the true logit less the largest other one, over samples of classes that the classifier knows; `nil` without any.
    public var margin: Double?
    /// Mean of −log of the softmax probability of the true class, in nats.
    public var logLoss: Double?
  }

  private static let lanes = Int(CK_ABLATION_LANES)

  public let head: LinearHead
  /// Feature minus baseline, [samples, features].
  private let differences: NDArray
  /// The logits of fully ablated samples, [samples, outputs].
  private let ablated: [Double]
  private let sampleCount: Int
  /// Samples of one class side by side, at most as many as the kernel carries.
  private let blocks: [Block]

  private struct Block: Sendable {
    let label: Int
    let samples: [Int]
  }

  /// - Parameters:
  ///   - head: the classifier.
  ///   - features: [samples, features] float64.
  ///   - baselines: what each feature of each sample is replaced by; the same shape.
  ///   - labels: the class of each sample; −1 for one that the classifier does not know, which is always wrong.
  public init(head: LinearHead, features: NDArray, baselines: NDArray, labels: [Int]) {
    self.head = head
    if features.shape != [labels.count, head.featureCount] || baselines.shape != features.shape {
      fail(
        .shape(
          "AblationSweep",
          "features \(features.shape) and baselines \(baselines.shape), expected [\(labels.count), \(head.featureCount)] for both"
        ))
    }
    differences = NDArray.zip(CK_SUBTRACT, features, baselines)
    ablated = head.logits(baselines)
    sampleCount = labels.count
    var blocks: [Block] = []
    for label in 0..<head.classCount {
      let members = labels.indices.filter { labels[$0] == label }
      for start in stride(from: 0, to: members.count, by: Self.lanes) {
        blocks.append(Block(label: label, samples: Array(members[start..<min(start + Self.lanes, members.count)])))
      }
    }
    self.blocks = blocks
  }

  /// The accuracy after each number of ablated features, 0 … D, along each order: [order][number].
  ///
  /// - Parameter orders: permutations of the features; the first of each is ablated first.
  public func accuracies(along orders: [[Int]]) -> [[Double]] {
    let width = head.featureCount
    let places = orders.map { order in
      if order.count != width || Set(order) != Set(0..<width) {
        fail(.argument("AblationSweep", "an order of \(order.count) features is no permutation of \(width)"))
      }
      return order.map(Int32.init)
    }
    var counts = [Int32](repeating: 0, count: orders.count * (width + 1))
    counts.withUnsafeMutableBufferPointer { counts in
      let target = UncheckedSendable(counts)
      for block in blocks {
        let lanes = LaneBlock(block.samples, label: block.label, head, differences, ablated)
        // Orders in pieces, whose counts do not overlap; the block stays in the cache of each thread.
        Parallel.forEachChunk(of: orders.count, size: 8) { piece in
          var excess = lanes.excess
          for index in piece {
            for place in excess.indices { excess[place] = lanes.excess[place] }
            guard let own = target.value.baseAddress else { return }
            ck_ablation_sweep(
              lanes.differences, lanes.weights, places[index], width, head.classCount - 1, lanes.firstWins, &excess,
              own + index * (width + 1))
          }
        }
      }
    }
    return orders.indices.map { index in
      counts[index * (width + 1)..<(index + 1) * (width + 1)].map { Double($0) / Double(sampleCount) }
    }
  }

  /// Accuracy, margin and log-loss along one order, at the given numbers of ablated features.
  public func performance(_ order: [Int], at numbers: [Int]) -> [Performance] {
    let width = head.featureCount
    let wanted = Dictionary(numbers.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var sums = [(margin: Double, loss: Double)](repeating: (0, 0), count: numbers.count)
    for block in blocks {
      let lanes = LaneBlock(block.samples, label: block.label, head, differences, ablated)
      var excess = lanes.excess
      for number in stride(from: width, through: 0, by: -1) {
        if let place = wanted[number] {
          let (margin, loss) = lanes.sums(excess)
          sums[place].margin += margin
          sums[place].loss += loss
        }
        if number > 0 { lanes.restore(order[number - 1], &excess) }
      }
    }
    let accuracy = accuracies(along: [order])[0]
    let known = blocks.reduce(0) { $0 + $1.samples.count }
    return numbers.enumerated().map { index, number in
      let place = wanted[number] ?? index
      return Performance(
        accuracy: accuracy[number], margin: known > 0 ? sums[place].margin / Double(known) : nil,
        logLoss: known > 0 ? sums[place].loss / Double(known) : nil)
    }
  }
}

/// Samples of one class as the kernel wants them: features across, samples in lanes.
private struct LaneBlock {
  static let lanes = Int(CK_ABLATION_LANES)
  let count: Int
  let width: Int
  /// [features, lanes].
  let differences: [Double]
  /// [other classes, features]: by how much a feature favours each other class over the true one.
  let weights: [Double]
  /// [other classes, lanes], all features ablated; infinite in lanes without a sample, which are never right.
  let excess: [Double]
  let firstWins: [UInt8]

  init(_ samples: [Int], label: Int, _ head: LinearHead, _ differences: NDArray, _ ablated: [Double]) {
    let (width, outputs, lanes) = (head.featureCount, head.classCount, Self.lanes)
    let others = (0..<outputs).filter { $0 != label }
    var transposed = [Double](repeating: 0, count: width * lanes)
    differences.withUnsafeBufferPointer(as: Double.self) { x in
      for (lane, sample) in samples.enumerated() {
        for feature in 0..<width { transposed[feature * lanes + lane] = x[sample * width + feature] }
      }
    }
    var excess = [Double](repeating: .infinity, count: others.count * lanes)
    for (row, other) in others.enumerated() {
      for (lane, sample) in samples.enumerated() {
        excess[row * lanes + lane] = ablated[sample * outputs + other] - ablated[sample * outputs + label]
      }
    }
    count = samples.count
    self.width = width
    self.differences = transposed
    weights = head.weights.withUnsafeBufferPointer(as: Double.self) { w in
      others.flatMap { other in (0..<width).map { w[other * width + $0] - w[label * width + $0] } }
    }
    self.excess = excess
    // Of equal logits the first wins, as in `argmax`.
    firstWins = others.map { label < $0 ? 1 : 0 }
  }

  /// Adds what one feature says.
  func restore(_ feature: Int, _ excess: inout [Double]) {
    let lanes = Self.lanes
    differences.withUnsafeBufferPointer { d in
      excess.withUnsafeMutableBufferPointer { e in
        for row in firstWins.indices {
          let weight = weights[row * width + feature]
          for lane in 0..<lanes { e[row * lanes + lane] += weight * d[feature * lanes + lane] }
        }
      }
    }
  }

  /// Sums over the samples of the margin and of the log-loss.
  func sums(_ excess: [Double]) -> (margin: Double, loss: Double) {
    var (margin, loss) = (0.0, 0.0)
    for lane in 0..<count {
      var largest = -Double.infinity
      for row in firstWins.indices { largest = max(largest, excess[row * Self.lanes + lane]) }
      margin -= largest
      // log(1 + Σ eᵉ), without overflow.
      let shift = max(largest, 0)
      var sum = exp(-shift)
      for row in firstWins.indices { sum += exp(excess[row * Self.lanes + lane] - shift) }
      loss += shift + log(sum)
    }
    return (margin, loss)
  }
}
