import Autograd

/// From a picture's pixels to what a network was trained on: scaled, cut, and centred, as torchvision's presets do it.
public struct PicturePreprocessing: Sendable, Equatable {
  /// How a picture is scaled.
  public enum Scaling: Sendable, Equatable {
    /// Its shorter side to this length; the other keeps the ratio, rounded down.
    case shorterSide(Int)
    /// To this size, whatever its ratio.
    case size(Size2D)
    case none
  }

  public var scaling: Scaling
  public var resampling: PictureResampling
  /// The middle of the scaled picture, padded with zeros where it is smaller; `nil` for all of it.
  public var crop: Size2D?
  /// Of red, green and blue, subtracted from values in 0…1.
  public var mean: [Double]
  /// Of red, green and blue: what is left is divided by it.
  public var deviation: [Double]

  public init(
    scaling: Scaling = .none, resampling: PictureResampling = .bilinear, crop: Size2D? = nil,
    mean: [Double] = [0, 0, 0], deviation: [Double] = [1, 1, 1]
  ) {
    self.scaling = scaling
    self.resampling = resampling
    self.crop = crop
    self.mean = mean
    self.deviation = deviation
  }

  /// The means and deviations that networks are trained with, by name.
  public enum Preset: String, Sendable, CaseIterable {
    /// torchvision, timm's ResNets, DINO: the statistics of ImageNet.
    case imagenet
    /// Values in −1…1: timm's vision transformers, Inception.
    case half
    /// CLIP.
    case clip
    /// Values in 0…1.
    case unit
  }

  /// A preset: the shorter side to 256, the middle 224×224 (torchvision's ImageNet classification), and its statistics.
  public static func preset(_ preset: Preset) -> PicturePreprocessing {
    let statistics: ([Double], [Double]) =
      switch preset {
      case .imagenet: ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
      case .half: ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
      case .clip: ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
      case .unit: ([0, 0, 0], [1, 1, 1])
      }
    return PicturePreprocessing(
      scaling: .shorterSide(256), resampling: preset == .clip ? .bicubic : .bilinear, crop: Size2D(224, 224),
      mean: statistics.0, deviation: statistics.1)
  }

  /// The picture as a network's input.
  ///
  /// - Parameter pixels: [H, W, channels] uint8: grey (repeated three times), grey with alpha, RGB, or RGB with alpha (left out).
  /// - Returns: [1, 3, height, width], float32.
  /// - Throws: ``NetworkError`` for pixels or sizes that are not of this form.
  public func callAsFunction(_ pixels: NDArray) throws(NetworkError) -> Tensor {
    guard pixels.rank == 3, pixels.dtype == .uint8, pixels.count > 0, 1...4 ~= pixels.shape[2] else {
      throw .input("found \(pixels.dtype)\(pixels.shape), expected a picture: uint8 [height, width, 1 to 4 channels]")
    }
    guard mean.count == 3, deviation.count == 3, deviation.allSatisfy({ $0 > 0 }) else {
      throw .input("found mean \(mean) and deviation \(deviation), expected three numbers each, deviations above 0")
    }
    let size = try size(for: Size2D(pixels.shape[0], pixels.shape[1]))
    let scaled = resampling.scaled(pixels, to: size)
    let frame = crop ?? size
    // Python rounds halves to even, and so does torchvision's middle.
    func start(_ length: Int, _ part: Int) -> Int { Int((Double(length - part) / 2).rounded(.toNearestOrEven)) }
    let (top, left) = (
      size.height >= frame.height ? start(size.height, frame.height) : -((frame.height - size.height) / 2),
      size.width >= frame.width ? start(size.width, frame.width) : -((frame.width - size.width) / 2)
    )
    let channels = pixels.shape[2]
    let values = NDArray.building([1, 3, frame.height, frame.width], as: Float.self) { target in
      scaled.withUnsafeBufferPointer(as: UInt8.self) { source in
        for channel in 0..<3 {
          let (mean, deviation) = (Float(mean[channel]), Float(deviation[channel]))
          let plane = channel * frame.area
          for row in 0..<frame.height {
            for column in 0..<frame.width {
              let (y, x) = (row + top, column + left)
              let isInside = 0..<size.height ~= y && 0..<size.width ~= x
              let pixel =
                isInside ? source[(y * size.width + x) * channels + (channels < 3 ? 0 : channel)] : 0
              target[plane + row * frame.width + column] = (Float(pixel) / 255 - mean) / deviation
            }
          }
        }
      }
    }
    return Tensor(values)
  }

  /// The size that a picture is scaled to.
  private func size(for picture: Size2D) throws(NetworkError) -> Size2D {
    let limit = 1 << 15
    let size: Size2D
    switch scaling {
    case .none: size = picture
    case .size(let given): size = given
    case .shorterSide(let side):
      let (short, long) = (min(picture.height, picture.width), max(picture.height, picture.width))
      let other = side > 0 && side <= limit ? side * long / short : 0
      size = picture.height <= picture.width ? Size2D(side, other) : Size2D(other, side)
    }
    for size in [size, crop ?? size] where !(1...limit ~= size.height && 1...limit ~= size.width) {
      throw .input("found a picture size of \(size), expected from 1 to \(limit) rows and columns")
    }
    return size
  }
}
