import Foundation
import Testing

/// The built `clew` command, run as a user runs it.
enum Clew {
  struct Result {
    let status: Int32
    /// Whether a signal ended it; `status` is the signal then.
    let wasKilled: Bool
    let output: Data
    let error: String

    var text: String { String(decoding: output, as: UTF8.self) }
    /// The lines of standard error.
    var complaints: [Substring] { error.split(separator: "\n") }
  }

  /// The command beside this test bundle: both are built into one folder.
  static let executable: URL = {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let start = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    let candidates =
      [start.deletingLastPathComponent(), Bundle.main.bundleURL, Bundle.main.bundleURL.deletingLastPathComponent()]
      + ["release", "debug"].map { root.appending(path: ".build/\($0)") }
    return candidates.map { $0.appending(path: "clew") }.first { FileManager.default.isExecutableFile(atPath: $0.path) }
      ?? root.appending(path: ".build/release/clew")
  }()

  /// Runs the command with standard input closed, in `folder`.
  ///
  /// - Parameters:
  ///   - environment: added to that of the tests; `nil` removes a variable.
  ///   - seconds: after which the command is stopped and the test fails.
  static func run(
    _ arguments: [String], in folder: Folder, environment: [String: String?] = [:], seconds: Double = 60
  ) throws -> Result {
    try launch(executable, arguments, in: folder, environment: environment, seconds: seconds)
  }

  /// Runs a line of shell, in which `$CLEW` is the command.
  static func shell(_ line: String, in folder: Folder, seconds: Double = 60) throws -> Result {
    try launch(
      URL(fileURLWithPath: "/bin/bash"), ["-c", line], in: folder, environment: ["CLEW": executable.path], seconds: seconds)
  }

  private static func launch(
    _ program: URL, _ arguments: [String], in folder: Folder, environment: [String: String?], seconds: Double
  ) throws -> Result {
    // Files and not pipes: a pipe that nobody empties would stop the command.
    let name = folder.path("." + UUID().uuidString)
    let (output, error) = (name + ".out", name + ".err")
    for file in [output, error] { #expect(FileManager.default.createFile(atPath: file, contents: nil)) }
    defer { for file in [output, error] { try? FileManager.default.removeItem(atPath: file) } }
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = folder.url
    var variables = ProcessInfo.processInfo.environment
    variables["OPENBLAS_CORETYPE"] = nil
    for (key, value) in environment { variables[key] = value }
    process.environment = variables
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: error))
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    if ended.wait(timeout: .now() + seconds) == .timedOut {
      kill(process.processIdentifier, SIGKILL)
      ended.wait()
      Issue.record("clew \(arguments) was still running after \(seconds) s")
    }
    return Result(
      status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
      output: try Data(contentsOf: URL(fileURLWithPath: output)),
      error: String(decoding: try Data(contentsOf: URL(fileURLWithPath: error)), as: UTF8.self))
  }
}

/// A private folder that is removed with its last user.
final class Folder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "clew-\(UUID().uuidString)").resolvingSymlinksInPath()
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }

  func write(_ bytes: some Sequence<UInt8>, _ name: String) throws { try Data(bytes).write(to: url.appending(path: name)) }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: url.appending(path: name)) }

  /// Names in the subfolder `name`; none if there is no such folder.
  func names(_ name: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path(name))) ?? []).sorted()
  }
}
