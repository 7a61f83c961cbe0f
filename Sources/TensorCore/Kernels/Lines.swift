// What works on each line of an array along one axis: cumulative sums and orders. Lines are independent, so the bits do not
// depend on the number of threads.

extension NDArray {
  /// Calls `body` for each line along `axis`: the place of its first element and the distance to the next.
  private func forEachLine(_ axis: Int, _ body: (_ first: Int, _ step: Int) -> Void) {
    let (extent, step) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
    let lines = shape[..<axis].reduce(1, *) * step
    Parallel.forEachChunk(of: lines, size: max(1, elementwiseChunk / max(1, extent))) { chunk in
      for line in chunk { body(line / step * extent * step + line % step, step) }
    }
  }

  /// Sums of each element and those before it along `axis`, or after it if `reversed`. Accumulates in double.
  package func cumulativeSum(axis: Int, reversed: Bool) -> NDArray {
    let extent = shape[axis]
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(shape, as: T.self) { output in
        withUnsafeBufferPointer(as: T.self) { x in
          forEachLine(axis) { first, step in
            var sum = 0.0
            for k in 0..<extent {
              let place = first + (reversed ? extent - 1 - k : k) * step
              sum += Double(x[place])
              output[place] = T(sum)
            }
          }
        }
      }
    }
    return dtype == .float32 ? run(Float.self) : run(Double.self)
  }

  /// `int64` indices that sort each line along `axis`; equal elements keep their order, NaN counts as largest.
  package func argumentsOfOrder(axis: Int, descending: Bool) -> NDArray {
    let extent = shape[axis]
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(shape, as: Int64.self) { output in
        withUnsafeBufferPointer(as: T.self) { x in
          forEachLine(axis) { first, step in
            let line = (0..<extent).map { (value: x[first + $0 * step], index: $0) }
            for (place, element) in line.sorted(by: { precedes($0, $1, descending) }).enumerated() {
              output[first + place * step] = Int64(element.index)
            }
          }
        }
      }
    }
    return dtype == .float32 ? run(Float.self) : run(Double.self)
  }
}

/// A total order of values and their places: NaN above all numbers, then the place, so that sorting is stable.
@inline(__always)
private func precedes<T: RealScalar>(
  _ a: (value: T, index: Int), _ b: (value: T, index: Int), _ descending: Bool
) -> Bool {
  if a.value < b.value { return !descending }
  if a.value > b.value { return descending }
  if a.value.isNaN != b.value.isNaN { return a.value.isNaN == descending }
  return a.index < b.index
}
