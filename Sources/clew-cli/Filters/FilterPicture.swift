import Clew

/// Filters and inputs as pictures.
struct FilterPicture {
  /// [filters, channels, kernel…] float64.
  private let weight: NDArray
  private let filter: Int

  init(_ weight: NDArray, filter: Int) {
    self.weight = weight.converted(to: .float64)
    self.filter = filter
  }

  /// In colours where there are three channels; else the channel with the largest weights, or all of them as the rows of a picture if the
  /// kernel has one axis.
  func panel(importance: Double) -> ImagePanel {
    let own = weight.sliced(axis: 0, start: filter, count: 1)
    let channels = weight.shape[1]
    let title = "filter \(filter)"
    let score = "importance \(NumberText.short(importance))"
    if weight.rank == 3 {
      return ImagePanel(
        title, subtitle: score, .heat(HeatMap(own.reshaped(to: [channels, weight.shape[2]]), colormap: .diverging)))
    }
    let (height, width) = (weight.shape[2], own.count / max(1, channels * weight.shape[2]))
    if channels == 3 {
      return ImagePanel(title, subtitle: score, .picture(Self.picture(of: own.reshaped(to: [3, height, width]))))
    }
    let values = own.doubles
    let norms = (0..<channels).map { channel in
      values[channel * height * width..<(channel + 1) * height * width].reduce(0) { $0 + $1 * $1 }
    }
    let strongest = descendingOrder(norms).first ?? 0
    let shown = own.reshaped(to: [channels, height, width]).sliced(axis: 0, start: strongest, count: 1)
    return ImagePanel(
      channels == 1 ? title : "\(title), channel \(strongest)", subtitle: score,
      .heat(HeatMap(shown.reshaped(to: [height, width]), colormap: .diverging)))
  }

  /// [channels, height, width] as a picture from its smallest to its largest number: in colours if there are three channels, else their
  /// mean in grey.
  static func picture(of values: NDArray) -> NDArray {
    let (channels, height, width) = (values.shape[0], values.shape[1], values.shape[2])
    let (numbers, area) = (values.doubles, values.shape[1] * values.shape[2])
    var pixels: [Double] = []
    for place in 0..<area {
      let own = (0..<channels).map { numbers[$0 * area + place] }
      pixels += channels == 3 ? own : [own.reduce(0, +) / Double(max(1, channels))]
    }
    let (low, high) = (pixels.min() ?? 0, pixels.max() ?? 0)
    let bytes = pixels.map { high > low ? UInt8(255 * ($0 - low) / (high - low) + 0.5) : 128 }
    return NDArray(bytes, shape: channels == 3 ? [height, width, 3] : [height, width])
  }

  /// Half of a map's colours over half of a picture.
  static func overlay(_ map: NDArray, on picture: NDArray) -> NDArray {
    let (values, bytes) = (map.doubles, picture.scalars(as: UInt8.self))
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    let isGrey = picture.rank == 2
    var result: [UInt8] = []
    for (place, value) in values.enumerated() {
      let color = Colormap.sequential.color(at: high > low ? (value - low) / (high - low) : 0)
      for (component, top) in [color.red, color.green, color.blue].enumerated() {
        let bottom = bytes[isGrey ? place : 3 * place + component]
        result.append(UInt8((Int(top) + Int(bottom) + 1) / 2))
      }
    }
    return NDArray(result, shape: [picture.shape[0], picture.shape[1], 3])
  }
}
