/// What one record of a checkpoint holds. Numbers are part of the file format: add, never change.
enum PassKind: UInt64, Sendable {
  /// What the run is of, as text.
  case identity = 1
  /// A histogram of distances.
  case histogram = 2
  /// Pairs at the median distance.
  case medianPairs = 3
  case degrees = 4
  /// A product in double, and in the precision of the affinity with vectors of double or of that precision.
  case product = 5
  case roundedProduct = 6
  case solveProduct = 7
  /// A product with σ·∂W/∂σ.
  case widthProduct = 8
  /// Rows of the gradient of the features.
  case featureRows = 9
  /// Sums over the nodes for features that are not among them.
  case placement = 10
}

/// The head of a record, ten words, followed by `byteCount` bytes.
struct PassRecord: Sendable, Equatable {
  let kind: PassKind
  /// Place among the records of the file.
  let number: UInt64
  let rows: Int
  let columns: Int
  /// Bytes of an element.
  let elementSize: Int
  /// Of what the pass was given.
  let input: PassDigest
  /// Half of the digest of the payload.
  let checksum: UInt64

  static let wordCount = 10
  static let headSize = 8 * wordCount
  private static let marker: UInt64 = 0x7373_6170_7765_6c63  // "clewpass"
  /// More rows or columns than any matrix has.
  private static let largest: UInt64 = 1 << 40

  var byteCount: Int { rows * columns * elementSize }

  /// To be written with the lowest byte first.
  var words: [UInt64] {
    let words = [
      Self.marker, kind.rawValue, number, UInt64(rows), UInt64(columns), UInt64(elementSize), input.first, input.second, checksum,
    ]
    return words + [Self.checksum(of: words)]
  }

  init(_ kind: PassKind, number: UInt64, rows: Int, columns: Int, elementSize: Int, input: PassDigest, checksum: UInt64) {
    (self.kind, self.number, self.rows, self.columns) = (kind, number, rows, columns)
    (self.elementSize, self.input, self.checksum) = (elementSize, input, checksum)
  }

  /// `nil` for anything that is not the undamaged head of a record.
  init?(words: [UInt64]) {
    guard words.count == Self.wordCount, words[0] == Self.marker, let kind = PassKind(rawValue: words[1]),
      words[9] == Self.checksum(of: Array(words.prefix(9))), words[3] < Self.largest, words[4] < Self.largest,
      [1, 4, 8].contains(words[5])
    else { return nil }
    let (size, isTooLarge) = words[3].multipliedReportingOverflow(by: words[4] * words[5])
    if isTooLarge || size >= 1 << 60 { return nil }
    self.init(
      kind, number: words[2], rows: Int(words[3]), columns: Int(words[4]), elementSize: Int(words[5]),
      input: PassDigest(first: words[6], second: words[7]), checksum: words[8])
  }

  private static func checksum(of words: [UInt64]) -> UInt64 {
    var digest = PassDigest()
    digest.add(words)
    return digest.first
  }

  static func checksum(of payload: UnsafeRawBufferPointer) -> UInt64 {
    var digest = PassDigest()
    digest.add(payload)
    return digest.first
  }
}
