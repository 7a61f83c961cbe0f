import Autograd
import Formats

/// The arrays of a checkpoint under the names that an architecture gives them.
public struct StateDictionary: Sendable {
  /// Where it comes from, for messages.
  public let source: String
  /// By name, without ``prefix``.
  public let arrays: [String: NDArray]
  /// In the order of the file, without ``prefix``.
  public let names: [String]
  /// What every name began with.
  public let prefix: String
  /// Names in the file that do not begin with ``prefix``: other parts of a larger model.
  public let leftOut: [String]

  /// Prefixes under which wrappers put a model, recognised by themselves and in front of each other.
  public static let wrappers = ["backbone.", "wrapped_model.", "module."]

  /// - Parameters:
  ///   - arrays: names and values, in the order of the file.
  ///   - source: for messages.
  ///   - prefix: what the names begin with; `nil`: wrappers are recognised. With a prefix, other names are ``leftOut``.
  /// - Throws: ``NetworkError`` if no name begins with the prefix.
  public init(
    _ arrays: [(name: String, value: NDArray)], source: String, prefix: String? = nil
  ) throws(NetworkError) {
    let all = arrays.map(\.name)
    let found = prefix ?? Self.wrapper(of: all)
    let inside = arrays.filter { $0.name.hasPrefix(found) && $0.name.count > found.count }
    guard !inside.isEmpty || arrays.isEmpty else {
      throw .unusable(
        source: source, found: "names such as '\(all.first ?? "")'", expected: "names that begin with '\(found)'")
    }
    self.source = source
    self.prefix = found
    names = inside.map { String($0.name.dropFirst(found.count)) }
    self.arrays = Dictionary(
      zip(names, inside.map(\.value)).map { ($0, $1) }, uniquingKeysWith: { first, _ in first })
    leftOut = all.filter { !$0.hasPrefix(found) }
  }

  /// The wrappers around the model: one is taken off as long as some name has it.
  private static func wrapper(of names: [String]) -> String {
    var (prefix, inside) = ("", names)
    while let wrapper = wrappers.first(where: { wrapper in inside.contains { $0.hasPrefix(wrapper) } }) {
      prefix += wrapper
      inside = inside.filter { $0.hasPrefix(wrapper) }.map { String($0.dropFirst(wrapper.count)) }
    }
    return prefix
  }

  /// The shape of an array; `nil` if there is none of this name, or if it is empty: sizes are then as large as the file at most.
  func shape(_ name: String) -> Shape? { arrays[name].flatMap { $0.count == 0 ? nil : $0.shape } }

  /// One extent of an array; `nil` if there is none.
  func extent(_ name: String, _ axis: Int) -> Int? { shape(name).flatMap { $0.rank > axis ? $0[axis] : nil } }

  /// How many consecutive numbers n there are from 0 such that `make(n)` is in the file.
  func count(_ make: (Int) -> String) -> Int {
    var count = 0
    while arrays[make(count)] != nil { count += 1 }
    return count
  }
}
