/// The matrices [batch…, rows, columns] of an array.
struct MatrixBatch {
  let shape: Shape
  var rows: Int { shape[shape.rank - 2] }
  var columns: Int { shape[shape.rank - 1] }
  /// Elements of one matrix.
  var size: Int { rows * columns }
  let extents: [Int]
  var count: Int { extents.reduce(1, *) }

  /// What a matrix with NaN or infinity reports; LAPACK's own codes are an argument's position (negative) or a count.
  static let notFinite = Int.min
  /// What a matrix reports whose finite numbers lead to others.
  static let overflow = Int.min + 1

  init(_ shape: Shape) {
    self.shape = shape
    extents = Array(shape.dropLast(2))
  }

  /// Runs `body` on the index of every matrix, in parallel, and throws for the first that reports other than 0.
  func forEach(_ operation: String, explain: (Int) -> String, _ body: (Int) -> Int) throws(TensorError) {
    var failures = [Int](repeating: 0, count: count)
    failures.withUnsafeMutableBufferPointer { failures in
      let results = UncheckedSendable(failures)
      Parallel.forEach(failures.count) { results.value[$0] = body($0) }
    }
    for (index, failure) in failures.enumerated() where failure != 0 {
      let reason =
        switch failure {
        case Self.notFinite: "contains NaN or infinity, or what it is applied to does"
        case Self.overflow: "leads to numbers beyond the range of its element type"
        default: explain(failure)
        }
      throw .numerical(operation, "\(name(index)) \(reason)")
    }
  }

  func name(_ index: Int) -> String { count == 1 ? "the \(rows)×\(columns) matrix" : "matrix \(index) of \(shape)" }
}

/// An array while it is being built, several of which one loop fills.
struct Draft<T: Scalar> {
  let array: NDArray
  /// Valid as long as the array.
  let pointer: UnsafeMutablePointer<T>

  /// Filled with zeros.
  init(_ shape: Shape) {
    array = NDArray.building(shape, as: T.self) { $0.initialize(repeating: T(asDouble: 0)) }
    pointer = array.storage.pointer.assumingMemoryBound(to: T.self)
  }

  /// A copy.
  init(_ other: NDArray) {
    array = NDArray.building(other.shape, as: T.self) { target in
      other.withUnsafeBufferPointer(as: T.self) { _ = target.initialize(from: $0) }
    }
    pointer = array.storage.pointer.assumingMemoryBound(to: T.self)
  }
}

func areFinite<T: RealScalar>(_ x: UnsafePointer<T>, _ count: Int) -> Bool {
  // What is not finite stays so times 0, and the sum of zeros does not overflow.
  var sum: T = 0
  for index in 0..<count { sum += x[index] * 0 }
  return sum == 0
}
