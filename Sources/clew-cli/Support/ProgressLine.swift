import Foundation

/// One line on standard error that says what is being done, shown when that is a terminal and the work takes over two seconds.
final class ProgressLine {
  private let start = ContinuousClock.now
  private let isShown: Bool
  private var wasWritten = false
  private var current = ""
  private var last = ContinuousClock.now

  init(quiet: Bool) { isShown = !quiet && isatty(2) == 1 }

  func show(_ step: Int, of count: Int, _ text: String) {
    guard isShown else { return }
    let seconds = Double((ContinuousClock.now - start).components.seconds)
    current = "[\(step)/\(count)] \(text)"
    if step == 1 || seconds < 2 { return }
    let rest = seconds / Double(step - 1) * Double(count - step + 1)
    FileHandle.standardError.write(
      Data("\r\u{1B}[K[\(step)/\(count)] \(text), \(Int(seconds)) s so far, about \(Int(rest.rounded())) s left".utf8))
    wasWritten = true
  }

  /// How far the current step has come, at most twice a second.
  func detail(_ text: String) {
    guard isShown, !current.isEmpty else { return }
    let now = ContinuousClock.now
    if now - start < .seconds(2) || now - last < .milliseconds(500) { return }
    last = now
    FileHandle.standardError.write(
      Data("\r\u{1B}[K\(current), \(text), \((now - start).components.seconds) s so far".utf8))
    wasWritten = true
  }

  deinit { if wasWritten { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) } }
}
