import COneDNN
import Synchronization

/// A float32 convolution by oneDNN, in pieces that follow from the shape: each is copied into the blocked layout that the
/// library wants, convolved on one thread while it is in the processor's own cache, and copied back.
struct BlockedConvolution {
  private let cut: BlockedCut
  /// For the pieces in general, for the last channels, for the last images, and for the last of both, which may be fewer.
  private let kernels: [BlockedKernel]

  /// `nil` if oneDNN has no fast kernel for the shape.
  init?(_ shape: Convolution2DShape, _ operand: ConvolutionOperand) {
    cut = BlockedCut(shape, operand)
    var kernels: [BlockedKernel] = []
    for image in [0, cut.images.pieces - 1] {
      for channel in [0, cut.channels.pieces - 1] {
        let key = BlockedKernel.Key(
          shape: shape, operand: operand, images: cut.images[image].count, channels: cut.channelRange(channel).count)
        guard let kernel = BlockedKernel.cached(key) else { return nil }
        kernels.append(kernel)
      }
    }
    // Weights are packed once for all images.
    guard kernels[0].packsLike(kernels[2]), kernels[1].packsLike(kernels[3]) else { return nil }
    self.kernels = kernels
  }

  private func kernel(_ image: Int, _ channel: Int) -> BlockedKernel {
    kernels[(image == cut.images.pieces - 1 ? 2 : 0) + (channel == cut.channels.pieces - 1 ? 1 : 0)]
  }

  func run(_ operands: ConvolutionOperands<Float>) {
    // Pieces of channels may differ in size: each gets the place of the largest.
    let packed = kernels.map(\.packedCount).max() ?? 0
    if cut.operand == .weight {
      accumulate(operands, packed)
      return
    }
    let (images, channels) = (cut.images, cut.channels)
    let scratch = kernels.map(\.scratchCount).max() ?? 0
    withScratch(Float.self, packed * channels.pieces) { weights in
      Parallel.forEach(channels.pieces) { channel in
        kernel(0, channel).pack(operands.w + cut.weightOffset(channel), weights + channel * packed)
      }
      Parallel.forEach(channels.pieces * images.pieces) { index in
        let (channel, image) = index.quotientAndRemainder(dividingBy: images.pieces)
        let (x, y) = cut.activationOffsets(image, channel)
        withScratch(Float.self, scratch) { scratch in
          kernel(image, channel).run(operands.x + x, weights + channel * packed, operands.y + y, scratch)
        }
      }
    }
  }

  /// The weight gradient: sums over parts of the batch, each over its images in order, then over the parts in order.
  private func accumulate(_ operands: ConvolutionOperands<Float>, _ packed: Int) {
    let (images, channels) = (cut.images, cut.channels)
    let wanted = (7 + channels.pieces) / channels.pieces
    let parts = EqualPieces(images.pieces, atMost: (images.pieces + wanted - 1) / wanted)
    let scratch = kernels.map(\.scratchCount).max() ?? 0
    withScratch(Float.self, packed * channels.pieces * parts.pieces) { sums in
      Parallel.forEach(channels.pieces * parts.pieces) { index in
        let (channel, part) = index.quotientAndRemainder(dividingBy: parts.pieces)
        withScratch(Float.self, scratch + packed) { scratch in
          sum(operands, parts[part], channel, sums + index * packed, scratch, packed)
        }
      }
      Parallel.forEach(channels.pieces) { channel in
        let sum = sums + channel * parts.pieces * packed
        for part in 1..<max(1, parts.pieces) { Float.axpy(1, sum + part * packed, sum, packed) }
        kernel(0, channel).unpack(sum, operands.w + cut.weightOffset(channel))
      }
    }
  }

  /// The packed weight gradient of some images and channels.
  private func sum(
    _ operands: ConvolutionOperands<Float>, _ images: Range<Int>, _ channel: Int, _ sum: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, _ packed: Int
  ) {
    for image in images {
      let (x, y) = cut.activationOffsets(image, channel)
      let isFirst = image == images.lowerBound
      kernel(image, channel).run(operands.x + x, isFirst ? sum : scratch, operands.y + y, scratch + packed)
      if !isFirst { Float.axpy(1, scratch, sum, packed) }
    }
  }
}

/// How a convolution is cut into calls of oneDNN.
private struct BlockedCut {
  let shape: Convolution2DShape
  let operand: ConvolutionOperand
  let images: EqualPieces
  let channels: EqualPieces
  let unit: Int

  /// Bytes of activations, and of weights, of one call: measured, and about what the second-level cache of a processor holds.
  private static let (activationBytes, weightBytes) = (5 << 18, 5 << 19)

  init(_ shape: Convolution2DShape, _ operand: ConvolutionOperand) {
    (self.shape, self.operand) = (shape, operand)
    // Enough calls for many threads, unless they would be too short to be worth a thread.
    let wanted = min(8, 1 + shape.work >> 22)
    let image = 4 * (shape.inputChannels * shape.input.area + shape.outputChannels * shape.output.area)
    let byCount = (shape.batch + wanted - 1) / wanted
    images = EqualPieces(shape.batch, atMost: min(byCount, max(1, Self.activationBytes / image)))
    // Blocked layouts hold 16 channels: a cut elsewhere would leave them unfilled.
    unit = shape.groups > 1 && min(shape.inputDepth, shape.outputDepth) >= 16 ? 1 : 16
    let count = shape.groups > 1 ? shape.groups : operand == .input ? shape.inputChannels : shape.outputChannels
    let pieces = max(
      (4 * shape.weightShape.elementCount + Self.weightBytes - 1) / Self.weightBytes,
      (wanted + images.pieces - 1) / images.pieces)
    let units = (count + unit - 1) / unit
    channels = EqualPieces(units, atMost: (units + pieces - 1) / pieces)
  }

  /// The channels of the cut axis (or groups) of a piece.
  func channelRange(_ piece: Int) -> Range<Int> {
    let count = shape.groups > 1 ? shape.groups : operand == .input ? shape.inputChannels : shape.outputChannels
    let range = channels[piece]
    return range.lowerBound * unit..<min(count, range.upperBound * unit)
  }

  /// Where a piece's weights start.
  func weightOffset(_ piece: Int) -> Int {
    let first = channelRange(piece).lowerBound
    if shape.groups > 1 { return first * shape.outputDepth * shape.taps }
    return first * (operand == .input ? shape.window.kernel.area : shape.taps)
  }

  /// Where a piece of x and one of y start.
  func activationOffsets(_ image: Int, _ piece: Int) -> (x: Int, y: Int) {
    let (n, first) = (images[image].lowerBound, channelRange(piece).lowerBound)
    let cutsInput = shape.groups > 1 || operand == .input
    let cutsOutput = shape.groups > 1 || operand != .input
    return (
      (n * shape.inputChannels + (cutsInput ? first * shape.inputDepthOfCut : 0)) * shape.input.area,
      (n * shape.outputChannels + (cutsOutput ? first * shape.outputDepthOfCut : 0)) * shape.output.area
    )
  }
}

extension Convolution2DShape {
  /// Channels of one unit of a cut: those of a group, or one.
  fileprivate var inputDepthOfCut: Int { groups > 1 ? inputDepth : 1 }
  fileprivate var outputDepthOfCut: Int { groups > 1 ? outputDepth : 1 }
}

/// One of oneDNN's kernels with its layouts. Generating one takes longer than many a convolution, so they are kept.
private final class BlockedKernel: @unchecked Sendable {
  struct Key: Hashable {
    let shape: Convolution2DShape
    let operand: ConvolutionOperand
    let images: Int
    /// Of the cut axis, or groups.
    let channels: Int
  }

  private static let cache = Mutex<[Key: BlockedKernel?]>([:])
  private static let capacity = 1024

  static func cached(_ key: Key) -> BlockedKernel? {
    if let known = cache.withLock({ $0[key] }) { return known }
    let made = BlockedKernel(key)
    cache.withLock { cache in
      // Programs that see more shapes than this pay for some of them again.
      if cache.count >= capacity { cache.removeAll() }
      cache[key] = .some(made)
    }
    return made
  }

  private let kernel: OpaquePointer
  /// Of floats.
  let packedCount: Int
  let scratchCount: Int

  private init?(_ key: Key) {
    let (shape, window) = (key.shape, key.shape.window)
    let isGrouped = shape.groups > 1
    func pair(_ size: Size2D) -> (Int64, Int64) { (Int64(size.height), Int64(size.width)) }
    var piece = od_shape()
    piece.batch = Int64(key.images)
    piece.groups = Int64(isGrouped ? key.channels : 1)
    piece.inputs = Int64(
      isGrouped ? key.channels * shape.inputDepth : key.operand == .input ? key.channels : shape.inputChannels)
    piece.outputs = Int64(
      isGrouped ? key.channels * shape.outputDepth : key.operand == .input ? shape.outputChannels : key.channels)
    (piece.input, piece.output, piece.kernel) = (pair(shape.input), pair(shape.output), pair(window.kernel))
    (piece.stride, piece.padding, piece.dilation) = (pair(window.stride), pair(window.padding), pair(window.dilation))
    piece.x_image = Int64(shape.inputChannels * shape.input.area)
    piece.y_image = Int64(shape.outputChannels * shape.output.area)
    piece.w_row = Int64(shape.taps)
    let direction: od_direction =
      switch key.operand {
      case .output: OD_FORWARD
      case .input: OD_INPUT_GRADIENT
      case .weight: OD_WEIGHT_GRADIENT
      }
    guard let kernel = od_create(&piece, direction) else { return nil }
    self.kernel = kernel
    packedCount = (od_packed_bytes(kernel) + 63) / 64 * 16
    scratchCount = (od_scratch_bytes(kernel) + 63) / 64 * 16
  }

  deinit { od_destroy(kernel) }

  func packsLike(_ other: BlockedKernel) -> Bool { od_packs_alike(kernel, other.kernel) != 0 }
  func pack(_ weights: UnsafePointer<Float>, _ packed: UnsafeMutablePointer<Float>) {
    expect(od_pack(kernel, weights, packed))
  }
  func unpack(_ packed: UnsafePointer<Float>, _ weights: UnsafeMutablePointer<Float>) {
    expect(od_unpack(kernel, packed, weights))
  }
  func run(
    _ x: UnsafeMutablePointer<Float>, _ packed: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    expect(od_run(kernel, x, packed, y, scratch))
  }

  /// The shapes were accepted when the kernel was made: what can fail is memory. Swift 6.3.1's optimiser crashes where this is
  /// inlined into a closure.
  @inline(never)
  private func expect(_ status: Int32) {
    if status != 0 { fail(.argument("convolution", "oneDNN's kernel \(String(cString: od_kernel(kernel))) failed")) }
  }
}
