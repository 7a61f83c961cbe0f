import Foundation

/// A failure with its exit status: 2 for input that cannot be used, 1 for work that failed.
struct CommandError: Error {
  let message: String
  let status: Int32

  static func unusable(_ message: String) -> CommandError { CommandError(message: message, status: 2) }
  static func failed(_ message: String) -> CommandError { CommandError(message: message, status: 1) }
}

/// Writes one line to standard error.
func standardError(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

/// Writes text to standard output as it is.
func standardOutput(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
