import Foundation
import TensorCore

/// A file given on a command line, and the name of an array in it if one is given: `features.npz:weights`.
public struct InputPath: Sendable, Equatable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// The array in it; `nil` if none was named.
  public let key: String?

  public init(path: String, key: String? = nil) {
    self.path = path
    self.key = key
  }

  /// Takes `text` apart. A whole text that names something which exists is a path without a key. Otherwise what
  /// precedes a colon is the path, if it exists (the longest such: names of files may hold colons, and so may keys).
  /// If nothing exists, the cut is at the first colon behind a name with an extension, so that the error names the file.
  public init(parsing text: String) {
    self.init(path: text)
    if Self.exists(text) { return }
    let cuts = text.indices.filter { text[$0] == ":" }
    let existing = cuts.last { Self.exists(String(text[..<$0])) }
    guard let cut = existing ?? cuts.first(where: { Self.hasExtension(text[..<$0]) }) else { return }
    self.init(path: String(text[..<cut]), key: String(text[text.index(after: cut)...]))
  }

  /// Loads the array that this names: the one under the key, or the only one of the file.
  public func array() throws(FormatError) -> NDArray {
    let arrays = try NamedArrays.load(path)
    if let key { return try arrays.array(named: key) }
    return try arrays.sole
  }

  public var description: String { key.map { "\(path):\($0)" } ?? path }

  private static func exists(_ path: String) -> Bool {
    var status = stat()
    return !path.isEmpty && stat(path, &status) == 0
  }

  private static func hasExtension(_ path: Substring) -> Bool {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard let dot = name.lastIndex(of: ".") else { return false }
    return dot > name.startIndex && name.index(after: dot) < name.endIndex
  }
}
