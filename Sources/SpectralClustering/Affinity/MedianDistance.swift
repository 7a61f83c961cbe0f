/// The median of the non-zero pairwise distances, exactly; `nil` if all distances are zero.
///
/// Positive floating-point numbers are ordered like their bit patterns, so a histogram of 16 bits at a time finds the
/// order statistic in a few passes, without sorting N²/2 numbers.
func medianDistance<T: SpectralScalar>(_ squared: Matrix<T>) -> Double? {
  let n = squared.rows
  let chunks = min(16, n)
  /// Counts by the 16 bits at `shift` over the strict upper triangle, among values with the given higher bits.
  func histogram(_ shift: Int, _ prefix: UInt64) -> [UInt64] {
    let partial = UnsafeMutablePointer<UInt64>.allocate(capacity: chunks << 16)
    partial.initialize(repeating: 0, count: chunks << 16)
    defer { partial.deallocate() }
    Parallel.forEach(chunks) { chunk in
      // Interleaved rows, because those of a triangle get shorter.
      for row in stride(from: chunk, to: n, by: chunks) {
        T.histogram(squared.row(row) + row + 1, n - row - 1, shift, prefix, partial + (chunk << 16))
      }
    }
    return (0..<1 << 16).map { bin in (0..<chunks).reduce(0) { $0 + partial[($1 << 16) + bin] } }
  }
  let top = histogram(T.patternBits - 16, 0)
  let total = top.reduce(0, +)
  if total == 0 { return nil }
  func orderStatistic(_ rank: UInt64) -> Double {
    var (rest, prefix, counts) = (rank, UInt64(0), top)
    for shift in stride(from: T.patternBits - 16, through: 0, by: -16) {
      if shift < T.patternBits - 16 { counts = histogram(shift, prefix) }
      var bin = 0
      while rest >= counts[bin] {
        rest -= counts[bin]
        bin += 1
      }
      prefix = prefix << 16 | UInt64(bin)
    }
    return T.magnitude(ofPattern: prefix).squareRoot()
  }
  let upper = orderStatistic(total / 2)
  return total % 2 == 1 ? upper : (orderStatistic(total / 2 - 1) + upper) / 2
}
