import TensorCore

/// How the features of a random control are drawn.
public enum AblationControl: String, Sendable, CaseIterable {
  /// All orders alike.
  case random
  /// Each feature of the targeted order is replaced by one of about the same norm in the head, times its standard deviation: one
  /// that the head listens to as much.
  case matchedNorm
  /// Each feature of the targeted order is replaced by one of about the same variance.
  case matchedVariance
}

/// Nested random orders: one permutation of the features gives a set of every size.
public struct ControlOrders: Sendable {
  /// [order][place]: the feature that is ablated at that place.
  public let orders: [[Int]]

  /// - Parameters:
  ///   - count: how many orders; more begin with the same ones.
  ///   - features: how many features are ordered.
  ///   - seed: of the permutations.
  public init(count: Int, features: Int, seed: UInt64) {
    orders = (0..<count).map { index in
      var random = RandomSource(seed: seed, stream: index)
      return random.permutation(features)
    }
  }

  /// Permutations of `targeted` inside strata of features with about the same `property`, so that every set has as many features
  /// of each stratum as the targeted one, and all orders are as likely if the ranking inside strata means nothing.
  ///
  /// - Parameters:
  ///   - count: how many orders.
  ///   - targeted: a permutation of the features.
  ///   - property: of each feature.
  ///   - seed: of the permutations.
  public init(count: Int, matching targeted: [Int], by property: [Double], seed: UInt64) {
    let ascending = property.indices.sorted { (property[$0], $0) < (property[$1], $1) }
    // At least ten to a stratum: of fewer, an order drawn would often be the targeted one. Ten strata suffice.
    let strata = max(1, min(10, property.count / 10))
    let members = (0..<strata).map { stratum in
      Array(ascending[stratum * property.count / strata..<(stratum + 1) * property.count / strata])
    }
    var stratum = [Int](repeating: 0, count: property.count)
    for (index, features) in members.enumerated() { for feature in features { stratum[feature] = index } }
    orders = (0..<count).map { index in
      var random = RandomSource(seed: seed, stream: index)
      var rest = members.map { features in random.permutation(features.count).map { features[$0] } }
      return targeted.map { rest[stratum[$0]].removeLast() }
    }
  }
}
