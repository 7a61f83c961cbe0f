import Foundation

/// The onnx Python package, if it is installed.
enum ONNXPackage {
  static let python = ProcessInfo.processInfo.environment["CLEW_PYTHON"] ?? "python3"
  static let isThere = (try? run(["-c", "import onnx, onnx.backend.test.case.node"])) == 0

  /// Runs `body` on a new folder with all cases, and removes it.
  static func withExportedCases(_ body: (String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let status = try run(["\(Fixture.folder)/export_onnx_cases.py", folder])
      guard status == 0 else { throw CocoaError(.executableLoad) }
      try body(folder)
    }
  }

  private static func run(_ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}

/// Runs `body` on a new folder and removes it.
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("clew-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}
