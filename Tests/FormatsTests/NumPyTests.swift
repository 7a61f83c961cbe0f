import Formats
import Foundation
import TensorCore
import Testing

/// NumPy itself reads what is written here. Needs `python3` with NumPy; `CLEW_PYTHON` names another interpreter.
@Suite struct NumPyTests {
  static let python = ProcessInfo.processInfo.environment["CLEW_PYTHON"] ?? "python3"

  /// Runs a script; its output, or nil if it fails.
  static func run(_ script: String, _ arguments: [String]) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-c", script] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return nil }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
  }

  static let isAvailable = run("import numpy", []) != nil

  @Test(.enabled(if: isAvailable, "needs python3 with NumPy"), arguments: [false, true])
  func readsWhatIsWritten(compressed: Bool) throws {
    let script = """
      import sys, numpy
      for path in sys.argv[1:]:
        loaded = numpy.load(path)
        for name in (loaded.files if path.endswith('npz') else ['']):
          array = loaded[name] if name else loaded
          print(name, array.dtype, list(array.shape), array.flags.c_contiguous, [float(v) for v in array.ravel()])
      """
    let arrays = DType.allCases.flatMap { dtype in
      WritingTests.samples(dtype).enumerated().map { (name: "\(dtype).\($0.offset)", array: $0.element) }
    }
    try Fixture.withTemporaryFolder { folder in
      var paths = ["\(folder)/arrays.npz"]
      try NPZ.write(arrays, to: paths[0], compressed: compressed)
      for (name, array) in arrays {
        paths.append("\(folder)/\(name).npy")
        try NPY.write(array, to: "\(folder)/\(name).npy")
      }
      let output = try #require(Self.run(script, paths))
      func line(_ name: String, _ array: NDArray) -> String {
        "\(name) \(array.dtype) \(array.shape) True [" + array.doubles.map { "\($0)" }.joined(separator: ", ") + "]"
      }
      let expected = arrays.map { line($0.name, $0.array) } + arrays.map { line("", $0.array) }
      #expect(output.split(separator: "\n").map(String.init) == expected)
    }
  }
}
