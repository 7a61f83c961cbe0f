import CKernels

/// An array seen as [outer, extent, inner] around one axis.
private struct AxisLayout {
  let outer: Int
  let extent: Int
  let inner: Int

  init(_ shape: Shape, _ axis: Int) {
    outer = shape[..<axis].reduce(1, *)
    extent = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
  }
}

extension NDArray {
  /// Integer elements as positions along an axis of `extent` elements; negative ones count from the end.
  ///
  /// - Throws: ``TensorError/argument(_:_:)`` naming the first index that is out of range.
  package func positions(in extent: Int, operation: String) throws(TensorError) -> [Int] {
    func resolve<T: FixedWidthInteger & Scalar>(_: T.Type) throws(TensorError) -> [Int] {
      var positions = [Int](repeating: 0, count: count)
      try withUnsafeBufferPointer(as: T.self) { (indices) throws(TensorError) in
        for (place, index) in indices.enumerated() {
          let resolved = index < 0 ? Int(index) + extent : Int(index)
          guard 0 <= resolved, resolved < extent else {
            throw .argument(operation, "index \(index) (number \(place)) is outside an axis of \(extent) elements")
          }
          positions[place] = resolved
        }
      }
      return positions
    }
    return dtype == .int32 ? try resolve(Int32.self) : try resolve(Int64.self)
  }

  /// The slices at `positions` along `axis`, which becomes the axes of `indexShape`.
  package func gathered(_ positions: [Int], axis: Int, indexShape: Shape) -> NDArray {
    let layout = AxisLayout(shape, axis)
    let target = Shape(Array(shape[..<axis]) + indexShape.extents + Array(shape[(axis + 1)...]))
    let width = dtype.byteCount
    let run = layout.inner * width
    return NDArray.buildingBytes(target, dtype) { output in
      guard output.count > 0, let y = output.baseAddress else { return }
      withUnsafeBytes { input in
        guard let x = input.baseAddress else { return }
        let runs = max(1, elementwiseChunk / max(1, layout.inner))
        positions.withUnsafeBufferPointer { positions in
          Parallel.forEachChunk(of: layout.outer * positions.count, size: runs) { chunk in
            for row in chunk {
              let (outer, k) = row.quotientAndRemainder(dividingBy: positions.count)
              let source = x + (outer * layout.extent + positions[k]) * run
              switch run {  // A call to memcpy costs more than one element.
              case 4: (y + row * 4).storeBytes(of: source.load(as: UInt32.self), as: UInt32.self)
              case 8: (y + row * 8).storeBytes(of: source.load(as: UInt64.self), as: UInt64.self)
              default: (y + row * run).copyMemory(from: source, byteCount: run)
              }
            }
          }
        }
      }
    }
  }

  /// The adjoint of ``gathered(_:axis:indexShape:)``: slices added up at `positions` along an axis of `extent` elements.
  ///
  /// `indexAxes` axes, from `axis` on, become that axis. Each element of the result is summed by one thread, in the order of
  /// `positions`, so the bits do not depend on the number of threads.
  package func scatterAdded(_ positions: [Int], axis: Int, indexAxes: Int, extent: Int) -> NDArray {
    let target = Shape(Array(shape[..<axis]) + [extent] + Array(shape[(axis + indexAxes)...]))
    let layout = AxisLayout(target, axis)
    let columns = 1024
    let pieces = (layout.inner + columns - 1) / columns
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(target, as: T.self) { output in
        output.initialize(repeating: 0)
        guard let y = output.baseAddress else { return }
        withUnsafeBufferPointer(as: T.self) { input in
          guard let x = input.baseAddress, input.count > 0 else { return }
          Parallel.forEach(layout.outer * pieces) { index in
            let (outer, first) = (index / pieces, index % pieces * columns)
            let width = min(columns, layout.inner - first)
            for (k, position) in positions.enumerated() {
              T.axpy(
                1, x + (outer * positions.count + k) * layout.inner + first,
                y + (outer * extent + position) * layout.inner + first, width)
            }
          }
        }
      }
    }
    return withRealType(dtype, "scatterAdded") { run($0) }
  }

  /// y[…, k, …] = x[…, position[…, k, …], …]: one position for each element of the result, whose shape is `target`.
  package func takenAlong(_ positions: [Int], axis: Int, shape target: Shape) -> NDArray {
    let (from, to) = (AxisLayout(shape, axis), AxisLayout(target, axis))
    func run<U>(_: U.Type) -> NDArray {
      NDArray.buildingBytes(target, dtype) { output in
        let y = output.bindMemory(to: U.self)
        withUnsafeBytes { input in
          let x = input.bindMemory(to: U.self)
          positions.withUnsafeBufferPointer { positions in
            Parallel.forEachChunk(of: to.outer * to.extent, size: max(1, elementwiseChunk / max(1, to.inner))) { rows in
              for row in rows {
                let base = row / to.extent * from.extent * from.inner
                for i in 0..<to.inner {
                  y[row * to.inner + i] = x[base + positions[row * to.inner + i] * from.inner + i]
                }
              }
            }
          }
        }
      }
    }
    switch dtype.byteCount {
    case 1: return run(UInt8.self)
    case 4: return run(UInt32.self)
    default: return run(UInt64.self)
    }
  }

  /// The adjoint of ``takenAlong(_:axis:shape:)``: each element added at its position, one thread to an outer index.
  package func scatterAddedAlong(_ positions: [Int], axis: Int, extent: Int) -> NDArray {
    var target = shape
    target[axis] = extent
    let (from, to) = (AxisLayout(shape, axis), AxisLayout(target, axis))
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(target, as: T.self) { output in
        output.initialize(repeating: 0)
        withUnsafeBufferPointer(as: T.self) { x in
          Parallel.forEach(from.outer) { outer in
            for k in 0..<from.extent {
              for i in 0..<from.inner {
                let place = (outer * from.extent + k) * from.inner + i
                output[(outer * extent + positions[place]) * to.inner + i] += x[place]
              }
            }
          }
        }
      }
    }
    return withRealType(dtype, "scatterAddedAlong") { run($0) }
  }

  /// Arrays of one dtype joined along `axis`; their other extents agree.
  package static func concatenated(_ arrays: [NDArray], axis: Int, shape: Shape) -> NDArray {
    let outer = shape[..<axis].reduce(1, *)
    let width = arrays[0].dtype.byteCount * shape[(axis + 1)...].reduce(1, *)
    return NDArray.buildingBytes(shape, arrays[0].dtype) { output in
      guard output.count > 0, let y = output.baseAddress else { return }
      var offset = 0
      for array in arrays {
        let run = array.shape[axis] * width
        array.withUnsafeBytes { input in
          guard let x = input.baseAddress, run > 0 else { return }
          Parallel.forEachChunk(of: outer, size: max(1, elementwiseChunk / run)) { rows in
            for row in rows { (y + row * shape[axis] * width + offset).copyMemory(from: x + row * run, byteCount: run) }
          }
        }
        offset += run
      }
    }
  }

  /// An array of `shape` filled with `background`, in which this one stands at `starts`, `starts + steps`, … along each axis.
  package func embedded(in shape: Shape, starts: [Int], steps: [Int], background: Double) -> NDArray {
    let full = NDArray(repeating: background, shape: shape, dtype: dtype)
    if count == 0 { return full }
    let strides = shape.strides
    let loop = StridedLoop(
      shape: self.shape, strides: [Swift.zip(strides, steps).map(*), self.shape.strides])
    let offset = Swift.zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
    let (inner, width) = (loop.innerStrides[0], dtype.byteCount)
    withUnsafeBytes { input in
      guard let x = input.baseAddress else { return }
      // The new array is still ours alone.
      let y = full.storage.pointer
      loop.forEachPiece { row, columns in
        let source = x + (loop.offset(row: row, operand: 1) + columns.lowerBound) * width
        let target = y + (offset + loop.offset(row: row, operand: 0) + columns.lowerBound * inner) * width
        if inner == 1 {
          target.copyMemory(from: source, byteCount: columns.count * width)
        } else {
          for k in 0..<columns.count {
            (target + k * inner * width).copyMemory(from: source + k * width, byteCount: width)
          }
        }
      }
    }
    return full
  }

  /// Elements `starts`, `starts + steps`, … along each axis; as many as `shape` says. Steps may be negative.
  package func sliced(shape: Shape, starts: [Int], steps: [Int]) -> NDArray {
    let strides = self.shape.strides
    let offset = shape.elementCount == 0 ? 0 : Swift.zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
    return strided(shape: shape, strides: Swift.zip(strides, steps).map(*), offset: offset)
  }
}
