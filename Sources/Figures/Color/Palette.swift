import Foundation

/// Colours for categories. A category has the same colour in every figure, however many others there are.
public enum Palette {
  /// Colours that can be told from each other, the most different first.
  private static let chosen: [RGBColor] = [
    0x1f77b4, 0xff7f0e, 0x2ca02c, 0xd62728, 0x9467bd, 0x8c564b, 0xf08bd0, 0x17becf, 0xbcbd22, 0xffe04a, 0x14307a, 0xa6e08a,
    0xff9d96, 0x4d0a6a, 0x86b0ff, 0x00584f, 0xcaa8f5, 0x7a0a14, 0xf5bd85, 0x62626e, 0xe6008c, 0x00e6b0, 0x5c6b00, 0x0a0a0a,
  ].map { RGBColor(hex: $0) }

  /// How many colours were chosen by hand; further ones are generated and may resemble earlier ones.
  public static var distinctCount: Int { chosen.count }

  /// The colour of segment or category `id`; a negative one means "none" and is grey.
  public static func color(_ id: Int) -> RGBColor {
    if id < 0 { return .missing }
    if id < chosen.count { return chosen[id] }
    // The golden angle never repeats a hue; three levels of lightness keep neighbours in hue apart.
    let step = id - chosen.count
    let hue = (Double(step % 100_000) * 0.618033988749895).truncatingRemainder(dividingBy: 1)
    return fromHue(hue, saturation: 0.75, value: [0.9, 0.55, 0.72][step % 3])
  }

  private static func fromHue(_ hue: Double, saturation: Double, value: Double) -> RGBColor {
    func component(_ offset: Double) -> Double {
      let k = (offset + hue * 6).truncatingRemainder(dividingBy: 6)
      return value - value * saturation * max(0, min(k, 4 - k, 1))
    }
    return RGBColor(component(5), component(3), component(1))
  }
}
