// Convolution and its two adjoints as products with a column matrix that is built block by block.
// Every cut depends on shapes alone and every sum has one order, so the bits do not depend on the number of threads.

/// Any floating-point type, any shape: the reference that faster ways are held to.
enum ColumnConvolution {
  static func run<T: RealScalar>(
    _ shape: Convolution2DShape, _ operand: ConvolutionOperand, _ operands: ConvolutionOperands<T>
  ) {
    let (x, w, y) = (operands.x, operands.w, operands.y)
    switch operand {
    case .output: Convolve(shape: shape).run(x, w, y)
    case .input: ConvolveInputGradient(shape: shape).run(y, w, x)
    case .weight: ConvolveWeightGradient(shape: shape).run(x, y, w)
    }
  }
}

private struct Convolve {
  let shape: Convolution2DShape

  /// Units are images × groups × pieces of the output plane; each is one product W·columns.
  func run<T: RealScalar>(_ x: UnsafePointer<T>, _ w: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>) {
    let (rows, taps, plane) = (shape.outputDepth, shape.taps, shape.output.area)
    let inputPlanes = shape.inputDepth * shape.input.area
    // Below about four million multiply-adds a thread costs more than it brings.
    let byWork = max(256, (1 << 22) / (rows * taps))
    let pieces = EqualPieces(plane, atMost: shape.isPointwise ? byWork : max(64, min(byWork, columnBudget / taps)))
    let matrix = ColumnMatrix(shape)
    let units = shape.batch * shape.groups * pieces.pieces
    Parallel.forEachRange(of: units, work: rows * taps * pieces.size) { units in
      withScratch(T.self, shape.isPointwise ? 0 : taps * pieces.size) { columns in
        for unit in units {
          let (plot, piece) = unit.quotientAndRemainder(dividingBy: pieces.pieces)
          let (group, positions) = (plot % shape.groups, pieces[piece])
          let (source, target) = (x + plot * inputPlanes, y + plot * rows * plane + positions.lowerBound)
          if !shape.isPointwise { matrix.gather(source, channels: shape.inputDepth, positions: positions, into: columns) }
          T.gemm(
            false, false, rows, positions.count, taps, 1, w + group * rows * taps, taps,
            shape.isPointwise ? source + positions.lowerBound : UnsafePointer(columns),
            shape.isPointwise ? plane : positions.count, 0, target, plane)
        }
      }
    }
  }
}

/// Blocks of input channels and pieces of the output plane for the two adjoints: each block of channels owns its result.
private struct AdjointBlocks {
  let channels: EqualPieces
  let positions: EqualPieces

  init(_ shape: Convolution2DShape) {
    // About 256 rows to a product keeps both packed operands in cache.
    channels = EqualPieces(shape.inputDepth, atMost: (256 + shape.window.kernel.area - 1) / shape.window.kernel.area)
    positions = EqualPieces(
      shape.output.area, atMost: max(64, columnBudget / (channels.size * shape.window.kernel.area)))
  }
}

private struct ConvolveInputGradient {
  let shape: Convolution2DShape

  /// Units are images × groups × blocks of input channels; each adds the columns Wᵀ·G to its own planes, piece by piece.
  func run<T: RealScalar>(_ g: UnsafePointer<T>, _ w: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>) {
    let (depth, area, taps, plane) = (shape.outputDepth, shape.window.kernel.area, shape.taps, shape.output.area)
    let (blocks, matrix) = (AdjointBlocks(shape), ColumnMatrix(shape))
    let units = shape.batch * shape.groups * blocks.channels.pieces
    Parallel.forEachRange(of: units, work: depth * blocks.channels.size * area * plane) { units in
      withScratch(T.self, shape.isPointwise ? 0 : blocks.channels.size * area * blocks.positions.size) { columns in
        for unit in units {
          let (plot, block) = unit.quotientAndRemainder(dividingBy: blocks.channels.pieces)
          let (group, channels) = (plot % shape.groups, blocks.channels[block])
          let target = y + (plot * shape.inputDepth + channels.lowerBound) * shape.input.area
          let weights = w + group * depth * taps + channels.lowerBound * area
          let cotangents = g + plot * depth * plane
          if shape.isPointwise {
            T.gemm(true, false, channels.count, plane, depth, 1, weights, taps, cotangents, plane, 0, target, plane)
            continue
          }
          target.update(repeating: 0, count: channels.count * shape.input.area)
          for piece in 0..<blocks.positions.pieces {
            let positions = blocks.positions[piece]
            T.gemm(
              true, false, channels.count * area, positions.count, depth, 1, weights, taps,
              cotangents + positions.lowerBound, plane, 0, columns, positions.count)
            matrix.scatterAdd(columns, channels: channels.count, positions: positions, to: target)
          }
        }
      }
    }
  }
}

private struct ConvolveWeightGradient {
  let shape: Convolution2DShape

  /// Units are pieces of the batch × groups × blocks of input channels; each sums G·columnsᵀ over its images in order, and the
  /// pieces of the batch are then added in order. The batch is cut only where groups and channels give too few units.
  func run<T: RealScalar>(_ x: UnsafePointer<T>, _ g: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>) {
    let (blocks, count) = (AdjointBlocks(shape), shape.weightShape.elementCount)
    let owned = shape.groups * blocks.channels.pieces
    let wanted = (7 + owned) / owned
    let images = EqualPieces(shape.batch, atMost: (shape.batch + wanted - 1) / wanted)
    let area = blocks.channels.size * shape.window.kernel.area
    withScratch(T.self, (images.pieces - 1) * count) { partial in
      let work = shape.outputDepth * area * shape.output.area * images.size
      Parallel.forEachRange(of: images.pieces * owned, work: work) { units in
        withScratch(T.self, shape.isPointwise ? 0 : area * blocks.positions.size) { columns in
          for unit in units {
            let (piece, rest) = unit.quotientAndRemainder(dividingBy: owned)
            let (group, block) = rest.quotientAndRemainder(dividingBy: blocks.channels.pieces)
            accumulate(
              x, g, piece == 0 ? y : partial + (piece - 1) * count, images[piece], group, blocks.channels[block],
              blocks.positions, columns)
          }
        }
      }
      for piece in 1..<max(1, images.pieces) { T.axpy(1, partial + (piece - 1) * count, y, count) }
    }
  }

  private func accumulate<T: RealScalar>(
    _ x: UnsafePointer<T>, _ g: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ images: Range<Int>, _ group: Int,
    _ channels: Range<Int>, _ pieces: EqualPieces, _ columns: UnsafeMutablePointer<T>
  ) {
    let (depth, area, taps, plane) = (shape.outputDepth, shape.window.kernel.area, shape.taps, shape.output.area)
    let target = y + group * depth * taps + channels.lowerBound * area
    let matrix = ColumnMatrix(shape)
    var isFirst = true
    for image in images {
      let plot = image * shape.groups + group
      let source = x + (plot * shape.inputDepth + channels.lowerBound) * shape.input.area
      for piece in 0..<pieces.pieces {
        let positions = pieces[piece]
        if !shape.isPointwise { matrix.gather(source, channels: channels.count, positions: positions, into: columns) }
        T.gemm(
          false, true, depth, channels.count * area, positions.count, 1,
          g + plot * depth * plane + positions.lowerBound, plane,
          shape.isPointwise ? source + positions.lowerBound : UnsafePointer(columns),
          shape.isPointwise ? plane : positions.count, isFirst ? 0 : 1, target, taps)
        isFirst = false
      }
    }
  }
}
