import Autograd

/// Everything that determines the passes of a cut, with names for messages. Not the number of threads.
struct RunIdentity: Sendable, Equatable {
  private let fields: [Field]

  private struct Field: Sendable, Equatable {
    let name: String
    let value: String
    var text: String { "\(name) \(value)" }
  }

  init(_ fields: [(name: String, value: String)]) { self.fields = fields.map { Field(name: $0.name, value: $0.value) } }

  /// A line for each.
  var text: String { fields.map { "\($0.name)=\($0.value)" }.joined(separator: "\n") }

  init?(text: String) {
    var fields: [Field] = []
    for line in text.split(separator: "\n") {
      guard let sign = line.firstIndex(of: "=") else { return nil }
      fields.append(Field(name: String(line[..<sign]), value: String(line[line.index(after: sign)...])))
    }
    self.fields = fields
  }

  subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

  /// The first field that differs, in both; `nil` if none does.
  func difference(from other: RunIdentity) -> (found: String, expected: String)? {
    for index in 0..<max(fields.count, other.fields.count) {
      let own = index < fields.count ? fields[index] : nil
      let theirs = index < other.fields.count ? other.fields[index] : nil
      if own != theirs { return (theirs?.text ?? "fewer options", own?.text ?? "no more options") }
    }
    return nil
  }
}

extension AffinityOptions {
  /// - Parameters:
  ///   - features: [N, D].
  ///   - segments: K, or how it is chosen.
  ///   - precision: of the affinity.
  func identity(_ features: NDArray, _ segments: SegmentCount, _ precision: DType) -> RunIdentity {
    var digest = PassDigest()
    features.withUnsafeBytes { digest.add($0) }
    let count =
      switch segments {
      case .fixed(let count): "\(count)"
      case .automatic(let largest): "auto up to \(largest)"
      }
    let width =
      switch width {
      case .value(let sigma): "\(sigma)"
      case .medianDistance: "median"
      }
    return RunIdentity([
      ("features", "\(features.shape) \(features.dtype) \(digest.text)"), ("segments", count), ("affinity", kernel.name),
      ("sigma", width), ("sigma gradient", widthRule.rawValue), ("precision", "\(precision)"), ("regime", regime.rawValue),
    ])
  }
}
