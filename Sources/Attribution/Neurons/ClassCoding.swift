/// Class names and their numbers: numbers in ascending order, other names in alphabetical order.
public struct ClassCoding: Sendable, Equatable {
  public let names: [String]
  private let codes: [String: Int]

  /// The classes that occur in `labels`.
  public init(labels: [String]) {
    let distinct = Set(labels)
    let numbers = distinct.compactMap(Double.init)
    let names =
      numbers.count == distinct.count
      ? distinct.sorted { (Double($0) ?? 0, $0) < (Double($1) ?? 0, $1) } : distinct.sorted()
    self.init(names: names)
  }

  public init(names: [String]) {
    self.names = names
    codes = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The classes of a classifier with `count` outputs: those numbers if all labels are among them, else the names in `labels`.
  ///
  /// - Throws: ``NeuronError`` where there are more names than outputs, or fewer.
  init(labels: [String], outputs count: Int) throws(NeuronError) {
    let numbers = (0..<count).map(String.init)
    if Set(labels).isSubset(of: numbers) {
      self.init(names: numbers)
      return
    }
    self.init(labels: labels)
    if names.count != count {
      let list = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
      throw .invalidInput(
        "the targets: found \(names.count) classes (\(list)), expected \(count), one for each output of the head, or numbers "
          + "from 0 to \(count - 1)")
    }
  }

  public var count: Int { names.count }

  /// The number of each label; −1 for one that is not among the names.
  public func encode(_ labels: [String]) -> [Int] { labels.map { codes[$0] ?? -1 } }
}
