import Autograd

/// Scaling of 8-bit pictures as Pillow does it, bit for bit: what torchvision's presets do to a picture before a network sees it.
///
/// Two passes, columns and then rows, each a weighted mean over a window as wide as the scale asks for (which is what "antialias"
/// means there), with weights in fixed point of 22 bits and a result rounded to 8 bits in between.
/// Source: Pillow 11, `src/libImaging/Resample.c`. (Pillow 13 orders the passes by their cost; some pixels then differ by one level.)
public enum PictureResampling: String, Sendable, CaseIterable {
  case bilinear, bicubic

  /// Half the width of the filter, in pixels of the smaller side.
  private var support: Double { self == .bilinear ? 1 : 2 }

  private func weight(_ distance: Double) -> Double {
    let x = Swift.abs(distance)
    switch self {
    case .bilinear: return x < 1 ? 1 - x : 0
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }
  }

  /// Scales a picture.
  ///
  /// - Parameters:
  ///   - pixels: [H, W, channels], uint8.
  ///   - size: rows and columns of the result, at least 1 each.
  /// - Returns: [rows, columns, channels], uint8. Traps if the arguments are not of this form.
  public func scaled(_ pixels: NDArray, to size: Size2D) -> NDArray {
    guard pixels.rank == 3, pixels.dtype == .uint8, pixels.count > 0, size.height > 0, size.width > 0 else {
      fail(.shape("scaled", "expected uint8 [H, W, channels] and a size of at least 1×1, found \(pixels.dtype)\(pixels.shape)"))
    }
    let (height, width, channels) = (pixels.shape[0], pixels.shape[1], pixels.shape[2])
    let wide =
      width == size.width
      ? pixels : pass(pixels, lines: height, from: width, to: size.width, step: channels, run: channels)
    let narrow = wide.reshaped(to: [height, size.width * channels, 1])
    let high =
      height == size.height
      ? narrow
      : pass(narrow, lines: 1, from: height, to: size.height, step: size.width * channels, run: size.width * channels)
    return high.reshaped(to: [size.height, size.width, channels])
  }

  /// Resamples one axis: `lines` blocks of `from` entries that stand `step` apart, `run` of them next to each other at once.
  private func pass(_ pixels: NDArray, lines: Int, from: Int, to: Int, step: Int, run: Int) -> NDArray {
    let windows = (0..<to).map { window($0, from: from, to: to) }
    return NDArray.building([lines * to * run], as: UInt8.self) { target in
      pixels.withUnsafeBufferPointer(as: UInt8.self) { source in
        for line in 0..<lines {
          for (place, window) in windows.enumerated() {
            for offset in 0..<run {
              var sum = 1 << 21
              for (index, weight) in window.weights.enumerated() {
                sum += Int(source[(line * from + window.first + index) * step + offset]) * weight
              }
              target[(line * to + place) * run + offset] = UInt8(max(0, min(255, sum >> 22)))
            }
          }
        }
      }
    }
  }

  private func window(_ place: Int, from: Int, to: Int) -> (first: Int, weights: [Int]) {
    let scale = Double(from) / Double(to)
    let filterScale = max(scale, 1)
    let reach = support * filterScale
    let center = (Double(place) + 0.5) * scale
    let first = max(0, Int(center - reach + 0.5))
    let end = min(from, Int(center + reach + 0.5))
    let inverse = 1 / filterScale
    let weights = (0..<end - first).map { weight((Double($0 + first) - center + 0.5) * inverse) }
    let total = weights.reduce(0, +)
    return (
      first,
      weights.map { weight in
        let share = (total == 0 ? weight : weight * (1 / total)) * Double(1 << 22)
        return Int(share < 0 ? share - 0.5 : share + 0.5)
      }
    )
  }
}
