import Formats
import Foundation
import TensorCore
import Testing

/// Damaged files give an error or an answer, and neither stop the program nor keep it busy.
@Suite struct RobustnessTests {
  /// Loads `bytes` and reads every array; returns whether all of them could be read.
  static func survives(_ bytes: [UInt8], at path: String) throws -> Bool {
    try Fixture.write(bytes, to: path)
    do throws(FormatError) {
      let arrays = try NamedArrays.load(path)
      for name in arrays.names { _ = try arrays.array(named: name) }
      return true
    } catch {
      #expect(error.path.hasPrefix(path))
      return false
    }
  }

  @Test(arguments: Fixture.all)
  func aCutFileIsRefused(_ file: String) throws {
    let bytes = try Fixture.bytes(file)
    let steps = min(200, bytes.count)
    try Fixture.withTemporaryFolder { folder in
      for step in 0..<steps {
        let length = step * bytes.count / steps
        let isRead = try Self.survives(Array(bytes.prefix(length)), at: "\(folder)/\(file)")
        // What is refused for having too much may be right when cut.
        #expect(!isRead || file.hasPrefix("refused"), "cut to \(length) of \(bytes.count) bytes")
      }
    }
  }

  @Test(arguments: Fixture.all)
  func flippedBytesAreSurvived(_ file: String) throws {
    let bytes = try Fixture.bytes(file)
    if bytes.isEmpty { return }
    var random = RandomSource(seed: 11)
    try Fixture.withTemporaryFolder { folder in
      for _ in 0..<1000 {
        var damaged = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          damaged[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
        }
        _ = try Self.survives(damaged, at: "\(folder)/\(file)")
      }
    }
  }
}
