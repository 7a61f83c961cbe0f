import CKernels

extension NDArray {
  /// Elementwise function of two broadcast arrays of the same floating-point dtype. Writes over one of them if it has the
  /// result's shape and nobody else holds it.
  package static func zip(_ operation: BinaryOperation, _ a: consuming NDArray, _ b: consuming NDArray) -> NDArray {
    // The type first: a closure could not own its captures.
    switch a.dtype {
    case .float32: return zip(Float.self, operation, a, b)
    case .float64: return zip(Double.self, operation, a, b)
    default: failReal("zip", a.dtype)
    }
  }

  private static func zip<T: RealScalar>(
    _: T.Type, _ operation: BinaryOperation, _ a: consuming NDArray, _ b: consuming NDArray
  ) -> NDArray {
    let shape = trapping { [a = a.shape, b = b.shape] () throws(TensorError) in
      try Shape.broadcast(a, b, operation: "zip")
    }
    let target: Storage
    if a.shape == shape && a.isHeldOnce() {
      target = a.storage
    } else if b.shape == shape && b.isHeldOnce() {
      target = b.storage
    } else {
      target = Storage(byteCount: shape.elementCount * T.dtype.byteCount)
    }
    let result = NDArray(dtype: T.dtype, shape: shape, storage: target)
    binary(a, b, shape, target.pointer.assumingMemoryBound(to: T.self)) { a, sa, b, sb, y, n in
      T.zip(operation, a, sa, b, sb, y, n)
    }
    return result
  }

  /// Elementwise comparison of two broadcast arrays of the same floating-point dtype; a `bool` array.
  package static func compare(_ operation: Comparison, _ a: NDArray, _ b: NDArray) -> NDArray {
    let shape = trapping { () throws(TensorError) in try Shape.broadcast(a.shape, b.shape, operation: "compare") }
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(shape, as: Bool.self) { output in
        guard let y = output.baseAddress else { return }
        binary(a, b, shape, y) { (a: UnsafePointer<T>, sa, b, sb, y, n) in
          y.withMemoryRebound(to: UInt8.self, capacity: n) { T.compare(operation, a, sa, b, sb, $0, n) }
        }
      }
    }
    return withRealType(a.dtype, "compare") { run($0) }
  }

  /// Runs `kernel` over pieces of two broadcast arrays; each element is read before its place is written.
  private static func binary<T: RealScalar, R: Scalar>(
    _ a: borrowing NDArray, _ b: borrowing NDArray, _ shape: Shape, _ y: UnsafeMutablePointer<R>,
    _ kernel: (UnsafePointer<T>, Int, UnsafePointer<T>, Int, UnsafeMutablePointer<R>, Int) -> Void
  ) {
    let (count, aShape, bShape) = (shape.elementCount, a.shape, b.shape)
    if count == 0 { return }
    a.withUnsafeBufferPointer(as: T.self) { aBuffer in
      b.withUnsafeBufferPointer(as: T.self) { bBuffer in
        guard let pa = aBuffer.baseAddress, let pb = bBuffer.baseAddress else { return }
        if aShape == bShape {  // The usual case, without the cost of a loop nest.
          Parallel.forEachChunk(of: count, size: elementwiseChunk) { range in
            let first = range.lowerBound
            kernel(pa + first, 1, pb + first, 1, y + first, range.count)
          }
          return
        }
        let loop = StridedLoop(shape: shape, strides: [aShape.broadcastStrides(to: shape), bShape.broadcastStrides(to: shape)])
        let (sa, sb) = (loop.innerStrides[0], loop.innerStrides[1])
        loop.forEachPiece { row, columns in
          let first = columns.lowerBound
          kernel(
            pa + loop.offset(row: row, operand: 0) + first * sa, sa,
            pb + loop.offset(row: row, operand: 1) + first * sb, sb,
            y + row * loop.innerCount + first, columns.count)
        }
      }
    }
  }

  /// `condition ? a : b`, all three broadcast; `condition` is `bool`, `a` and `b` of one floating-point dtype.
  package static func select(_ condition: NDArray, _ a: NDArray, _ b: NDArray) -> NDArray {
    let shape = trapping { () throws(TensorError) in
      try Shape.broadcast(Shape.broadcast(a.shape, b.shape, operation: "where"), condition.shape, operation: "where")
    }
    let loop = StridedLoop(shape: shape, strides: [condition, a, b].map { $0.shape.broadcastStrides(to: shape) })
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(shape, as: T.self) { output in
        guard output.count > 0, let y = output.baseAddress else { return }
        condition.withUnsafeBytes { c in
          a.withUnsafeBufferPointer(as: T.self) { a in
            b.withUnsafeBufferPointer(as: T.self) { b in
              guard let pc = c.baseAddress?.assumingMemoryBound(to: UInt8.self), let pa = a.baseAddress,
                let pb = b.baseAddress
              else { return }
              let s = loop.innerStrides
              loop.forEachPiece { row, columns in
                let first = columns.lowerBound
                T.select(
                  pc + loop.offset(row: row, operand: 0) + first * s[0], s[0],
                  pa + loop.offset(row: row, operand: 1) + first * s[1], s[1],
                  pb + loop.offset(row: row, operand: 2) + first * s[2], s[2],
                  y + row * loop.innerCount + first, columns.count)
              }
            }
          }
        }
      }
    }
    return withRealType(a.dtype, "where") { run($0) }
  }
}
