import Autograd

/// 128 bits that tell different data apart: not against intent, but against accidents. Of any two inputs that differ in one
/// word only, each half is certain to differ.
struct PassDigest: Equatable, Sendable {
  private(set) var first: UInt64 = 0x9e37_79b9_7f4a_7c15
  private(set) var second: UInt64 = 0xc2b2_ae3d_27d4_eb4f

  init() {}

  init(first: UInt64, second: UInt64) { (self.first, self.second) = (first, second) }

  /// Of the bytes and how many they are.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    var (a, b) = (first, second)
    let words = bytes.count / 8
    for word in 0..<words {
      let value = bytes.loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self)
      // Odd factors, shifts and turns lose nothing of what was there.
      a = (a ^ value) &* 0x9fb2_1c65_1e98_df25
      a ^= a >> 32
      b = (b &+ value) &* 0xd6e8_feb8_6659_fd93
      b = b << 27 | b >> 37
    }
    var rest: UInt64 = 0
    for index in 8 * words..<bytes.count { rest = rest << 8 | UInt64(bytes[index]) }
    for value in [rest, UInt64(bytes.count)] {
      a = (a ^ value) &* 0x9fb2_1c65_1e98_df25
      a ^= a >> 32
      b = (b &+ value) &* 0xd6e8_feb8_6659_fd93
      b = b << 27 | b >> 37
    }
    (first, second) = (a, b)
  }

  mutating func add(_ words: [UInt64]) { words.withUnsafeBytes { add($0) } }

  mutating func add<T: RealScalar>(_ matrix: Matrix<T>) {
    add([UInt64(matrix.rows), UInt64(matrix.columns)])
    add(UnsafeRawBufferPointer(start: matrix.pointer, count: matrix.count * MemoryLayout<T>.stride))
  }

  /// For messages.
  var text: String { String(first, radix: 16) + String(second, radix: 16) }
}
