import Formats
import Testing

/// A fixture that cannot be read, and what must be said about it.
struct RefusedFile: Sendable, CustomTestStringConvertible {
  let file: String
  let kind: FormatError.Kind
  let found: String
  let expected: String
  var testDescription: String { file }
}
