import ArgumentParser
import Clew

extension PicturePreprocessing.Preset: ExpressibleByArgument {}

/// How pictures are made into a network's input.
struct PictureOptions: ParsableArguments {
  @Option(help: "Statistics that pictures are centred with; what the network was trained with.")
  var preset = PicturePreprocessing.Preset.imagenet

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Size of pictures: H,W, or the shorter side (default: the network's own, or the preset's).", valueName: "size"))
  var imageSize: String?

  /// For a network's outputs: the preset's shorter side and middle, unless a size is given.
  /// - Parameter wholePicture: whether nothing may be cut off, so that a grid of features covers all of it.
  func preprocessing(for network: Network, wholePicture: Bool) throws -> PicturePreprocessing {
    var result = PicturePreprocessing.preset(preset)
    let shape = network.inputs.first?.shape ?? []
    let own = shape.count == 4 ? shape[2].flatMap { height in shape[3].map { Size2D(height, $0) } } : nil
    if let imageSize {
      let numbers = imageSize.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) ?? 0 }
      guard 1...2 ~= numbers.count, numbers.allSatisfy({ $0 > 0 }) else {
        throw CommandError.unusable("--image-size: found '\(imageSize)', expected H,W or one number, at least 1")
      }
      result.scaling = numbers.count == 2 ? .size(Size2D(numbers[0], numbers[1])) : .shorterSide(numbers[0])
      result.crop = nil
    } else if wholePicture {
      result.scaling = own.map { .size($0) } ?? .shorterSide(224)
      result.crop = nil
    } else if let own {
      result.scaling = .shorterSide(min(own.height, own.width) * 8 / 7)
      result.crop = own
    }
    return result
  }
}
