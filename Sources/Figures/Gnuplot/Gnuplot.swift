import Foundation

/// The plotting program that draws figures.
public struct Gnuplot: Sendable, Equatable {
  /// The program's path.
  public var executable: String

  public init(executable: String) { self.executable = executable }

  /// The first `gnuplot` on the search path.
  ///
  /// - Parameter searchPath: Folders separated by colons. Default: the environment's PATH.
  /// - Throws: ``FigureError/rendererMissing(_:)``.
  public static func find(searchPath: String? = nil) throws(FigureError) -> Gnuplot {
    let searchPath = searchPath ?? ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    for folder in searchPath.split(separator: ":") {
      let candidate = "\(folder)/gnuplot"
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder), !isFolder.boolValue,
        FileManager.default.isExecutableFile(atPath: candidate)
      {
        return Gnuplot(executable: candidate)
      }
    }
    throw .rendererMissing("no gnuplot on the search path")
  }

  /// Draws in a private folder, which is always removed, and moves the finished file to `path`.
  func draw(
    _ drawing: Drawing, zoom: Double, pixelsPerPoint: Double, format: FigureFormat, to path: String
  ) throws(FigureError) {
    let script = GnuplotScript(drawing, zoom: zoom, pixelsPerPoint: pixelsPerPoint, format: format)
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    for file in script.files { try folder.write(file.data, as: file.name) }
    try folder.write(Data(script.text.utf8), as: "script")
    try run(in: folder)
    guard let output = folder.read(GnuplotScript.outputName), !output.isEmpty else {
      throw .rendererFailed(status: 0, message: "it wrote no file")
    }
    do {
      // `atomic` writes beside the target under another name and renames.
      try FigureFile.finished(output, format: format).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .unwritable(path: path, reason: FigureFile.reason(error))
    }
  }

  /// The script comes on standard input and messages go to a file, so that no pipe can fill up and stop the program.
  private func run(in folder: TemporaryFolder) throws(FigureError) {
    try folder.write(Data(), as: "messages")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    // Without the settings of the user, which could change every figure.
    process.arguments = ["--default-settings"]
    process.currentDirectoryURL = folder.url
    var environment = ProcessInfo.processInfo.environment
    for name in environment.keys where name.hasPrefix("GNUPLOT") || name == "GNUTERM" || name.hasPrefix("LC_") {
      environment[name] = nil
    }
    environment["LC_ALL"] = "C.UTF-8"
    environment["TZ"] = "UTC"
    environment["SOURCE_DATE_EPOCH"] = "0"
    process.environment = environment
    do {
      let input = try FileHandle(forReadingFrom: folder.url.appendingPathComponent("script"))
      let messages = try FileHandle(forWritingTo: folder.url.appendingPathComponent("messages"))
      defer {
        try? input.close()
        try? messages.close()
      }
      process.standardInput = input
      process.standardOutput = messages
      process.standardError = messages
      try process.run()
    } catch {
      throw .rendererMissing("\(executable): \(FigureFile.reason(error))")
    }
    process.waitUntilExit()
    let status = Int(process.terminationStatus)
    guard process.terminationReason == .exit, status == 0 else {
      let text = String(decoding: folder.read("messages") ?? Data(), as: UTF8.self)
      let last = text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) } ?? "no message"
      throw .rendererFailed(status: status, message: last.trimmingCharacters(in: .whitespaces))
    }
  }
}
