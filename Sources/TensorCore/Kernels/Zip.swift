import CKernels

extension NDArray {
  /// Elementwise function of two broadcast arrays of the same floating-point dtype.
  package static func zip(_ operation: BinaryOperation, _ a: NDArray, _ b: NDArray) -> NDArray {
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      binary(a, b, T.self, result: T.self) { a, sa, b, sb, y, n in T.zip(operation, a, sa, b, sb, y, n) }
    }
    return withRealType(a.dtype, "zip") { run($0) }
  }

  /// Elementwise comparison of two broadcast arrays of the same floating-point dtype; a `bool` array.
  package static func compare(_ operation: Comparison, _ a: NDArray, _ b: NDArray) -> NDArray {
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      binary(a, b, T.self, result: Bool.self) { a, sa, b, sb, y, n in
        y.withMemoryRebound(to: UInt8.self, capacity: n) { T.compare(operation, a, sa, b, sb, $0, n) }
      }
    }
    return withRealType(a.dtype, "compare") { run($0) }
  }

  private static func binary<T: RealScalar, R: Scalar>(
    _ a: NDArray, _ b: NDArray, _: T.Type, result: R.Type,
    _ kernel: (UnsafePointer<T>, Int, UnsafePointer<T>, Int, UnsafeMutablePointer<R>, Int) -> Void
  ) -> NDArray {
    let shape = trapping { () throws(TensorError) in try Shape.broadcast(a.shape, b.shape, operation: "zip") }
    return NDArray.building(shape, as: R.self) { output in
      guard output.count > 0, let y = output.baseAddress else { return }
      a.withUnsafeBufferPointer(as: T.self) { aBuffer in
        b.withUnsafeBufferPointer(as: T.self) { bBuffer in
          guard let pa = aBuffer.baseAddress, let pb = bBuffer.baseAddress else { return }
          if a.shape == b.shape {  // The usual case, without the cost of a loop nest.
            Parallel.forEachChunk(of: output.count, size: elementwiseChunk) { range in
              let first = range.lowerBound
              kernel(pa + first, 1, pb + first, 1, y + first, range.count)
            }
            return
          }
          let loop = StridedLoop(
            shape: shape, strides: [a.shape.broadcastStrides(to: shape), b.shape.broadcastStrides(to: shape)])
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
