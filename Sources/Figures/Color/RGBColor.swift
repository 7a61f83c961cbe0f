/// A colour of the sRGB space, 8 bits per component.
public struct RGBColor: Sendable, Hashable {
  public var red: UInt8
  public var green: UInt8
  public var blue: UInt8

  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// From a number such as `0x1f77b4`.
  public init(hex: UInt32) {
    self.init(red: UInt8(hex >> 16 & 255), green: UInt8(hex >> 8 & 255), blue: UInt8(hex & 255))
  }

  /// From components in 0…1; outside is clamped, NaN is 0.
  init(_ red: Double, _ green: Double, _ blue: Double) {
    func byte(_ value: Double) -> UInt8 { value > 0 ? UInt8(min(value, 1) * 255 + 0.5) : 0 }
    self.init(red: byte(red), green: byte(green), blue: byte(blue))
  }

  /// The colour as the number 0xrrggbb.
  public var hex: UInt32 { UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue) }

  /// A fifth of the colour on white.
  var paler: RGBColor {
    RGBColor(red: 255 - (255 - red) / 5, green: 255 - (255 - green) / 5, blue: 255 - (255 - blue) / 5)
  }

  static let white = RGBColor(hex: 0xffffff)
  static let black = RGBColor(hex: 0x000000)
  static let ink = RGBColor(hex: 0x222222)
  static let quietInk = RGBColor(hex: 0x666666)
  static let grid = RGBColor(hex: 0xe3e3e3)
  static let border = RGBColor(hex: 0x9a9a9a)
  /// Where there is no number, or a pixel belongs to no segment.
  static let missing = RGBColor(hex: 0xd4d4d4)
}
