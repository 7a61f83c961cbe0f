import Foundation

/// A failure with its exit status: 2 for input that cannot be used, 1 for work that failed.
struct CommandError: Error {
  let message: String
  let status: Int32

  static func unusable(_ message: String) -> CommandError { CommandError(message: message, status: 2) }
  static func failed(_ message: String) -> CommandError { CommandError(message: message, status: 1) }
}

/// Writes one line to standard error. If that cannot be written to, nobody is there to be told.
func standardError(_ line: String) { _ = writeAll(line + "\n", to: 2) }

/// Writes text to standard output as it is. Throws if not all of it can be written. (`FileHandle` would end the program with
/// a crash report.) A reader that went away, as in `clew … | head`, ends the program silently by SIGPIPE, as it does others.
func standardOutput(_ text: String) throws {
  if let code = writeAll(text, to: 1) {
    let reason = String(cString: strerror(code))
    throw CommandError.failed("standard output: found an error (\(reason)), expected a place to write to")
  }
}

/// The error number of the write that failed, if one did.
private func writeAll(_ text: String, to descriptor: Int32) -> Int32? {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count < 0 && errno == EINTR { continue }
    if count < 0 { return errno }
    rest = rest.dropFirst(count)
  }
  return nil
}
