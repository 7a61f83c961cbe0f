/// What is wrong with a file, in one line: the file, what was found in it, what was expected, and the nearest valid name.
public struct FormatError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong, for programs.
  public enum Kind: Sendable, Equatable {
    /// Missing, a folder, no permission, or an input error underway.
    case unreadable
    /// Without a single byte.
    case empty
    /// Not what its own signature, header or directory says it is: damaged, cut off, or lying.
    case malformed
    /// Sound, as far as that was looked at, but of a format or an element type that is not read here.
    case unsupported
    /// Sound, but more than this machine or the reader's limits can hold.
    case tooLarge
    /// No array has the name that was asked for.
    case unknownKey
    /// The output could not be written.
    case unwritable
  }

  /// What went wrong, for programs.
  public let kind: Kind
  /// The file; for a part of one, `file:name`.
  public let path: String
  /// What was there, in words.
  public let found: String
  /// What should have been, in words.
  public let expected: String
  /// The valid name nearest to one that does not exist.
  public let suggestion: String?

  public init(_ kind: Kind, path: String, found: String, expected: String, suggestion: String? = nil) {
    self.kind = kind
    self.path = path
    self.found = found
    self.expected = expected
    self.suggestion = suggestion
  }

  /// One line, whatever the file's names and headers hold.
  public var description: String {
    let hint = suggestion.map { "; did you mean '\($0)'?" } ?? ""
    return Self.oneLine("\(path): found \(found), expected \(expected)\(hint)")
  }

  /// Control characters, which a file's own text may bring along, become `?`: a terminal must not obey a file.
  private static func oneLine(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let isControl =
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
      result.append(isControl ? "?" : scalar)
    }
    return String(result)
  }
}

extension String {
  /// The text in quotes, shortened to `limit` characters: for what a file holds where something else was expected.
  func quoted(limit: Int = 60) -> String {
    count <= limit ? "'\(self)'" : "'\(prefix(limit))…'"
  }
}
