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
      for entry in arrays.entries {
        if entry.isText { _ = try arrays.texts(named: entry.name) } else { _ = try arrays.array(named: entry.name) }
      }
      return true
    } catch {
      #expect(error.path.hasPrefix(path))
      return false
    }
  }

  /// No damaged file may make this process, or one that it starts, take more than a gigabyte.
  static func checkMemory() throws {
    // Not `ru_maxrss`, which a new process takes over from the one that started it.
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    let own = try #require(line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first.flatMap { Int($0) })
    #expect(own < 1 << 20, "\(own) KB")
    let children: Int32 = -1
    var usage = rusage()
    #expect(getrusage(children, &usage) == 0)
    #expect(usage.ru_maxrss < 1 << 20, "\(usage.ru_maxrss) KB")
  }

  // In processes of their own, because the most memory that a process ever took includes that of all its other tests.

  @Test(.timeLimit(.minutes(15))) func cutFilesAreRefused() async {
    await #expect(processExitsWith: .success) {
      for file in Fixture.all { try Self.cut(file) }
      try Self.checkMemory()
    }
  }

  @Test(.timeLimit(.minutes(15))) func flippedBytesAreSurvived() async {
    await #expect(processExitsWith: .success) {
      for file in Fixture.all { try Self.flip(file) }
      try Self.checkMemory()
    }
  }

  /// Cuts a file at 200 places.
  private static func cut(_ file: String) throws {
    let bytes = try Fixture.bytes(file)
    let steps = min(200, bytes.count)
    try Fixture.withTemporaryFolder { folder in
      for step in 0..<steps {
        let length = step * bytes.count / steps
        let isRead = try survives(Array(bytes.prefix(length)), at: "\(folder)/\(file)")
        // What is refused for having too much may be right when cut, and so may a table, or a TIFF that ends in what nothing needs.
        let mayBeRead = file.hasPrefix("refused") || file.hasSuffix(".csv") || file.hasSuffix(".tif")
        #expect(!isRead || mayBeRead, "\(file) cut to \(length) of \(bytes.count) bytes")
      }
    }
  }

  /// Changes a thousand bytes of a file in all, up to three at a time.
  private static func flip(_ file: String) throws {
    let bytes = try Fixture.bytes(file)
    if bytes.isEmpty { return }
    var random = RandomSource(seed: 11)
    try Fixture.withTemporaryFolder { folder in
      for _ in 0..<500 {
        var damaged = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          damaged[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
        }
        _ = try survives(damaged, at: "\(folder)/\(file)")
      }
    }
  }

  /// A checksum would stop nearly every flip at the door; with checksums made right again, they get to the decoder.
  @Test(arguments: Fixture.all.filter { $0.hasSuffix(".png") && !$0.hasPrefix("refused") && !$0.hasPrefix("jpeg") })
  func flippedBytesUnderRightChecksumsAreSurvived(_ file: String) throws {
    let bytes = try Fixture.bytes(file)
    var random = RandomSource(seed: 13)
    var readCount = 0
    try Fixture.withTemporaryFolder { folder in
      for _ in 0..<1000 {
        var damaged = bytes
        damaged[Int.random(in: 8..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
        Self.repairChecksums(ofPNG: &damaged)
        if try Self.survives(damaged, at: "\(folder)/\(file)") { readCount += 1 }
      }
    }
    #expect(readCount > 0)
  }

  /// Recomputes the checksum of each chunk, as far as lengths lead.
  static func repairChecksums(ofPNG bytes: inout [UInt8]) {
    var offset = 8
    while offset + 12 <= bytes.count {
      let length = bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
      let end = offset + 8 + length
      guard end + 4 <= bytes.count else { return }
      var remainder: UInt32 = 0xFFFF_FFFF
      for byte in bytes[(offset + 4)..<end] {
        remainder ^= UInt32(byte)
        for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 0 ? 0 : 0xEDB8_8320) }
      }
      for place in 0..<4 { bytes[end + place] = UInt8(truncatingIfNeeded: ~remainder >> UInt32(24 - 8 * place)) }
      offset = end + 4
    }
  }
}
