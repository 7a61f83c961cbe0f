import Foundation

/// From numbers to colours.
public enum Colormap: String, Sendable, CaseIterable {
  /// Viridis (van der Walt & Smith 2015): dark blue to yellow with even steps in lightness. For numbers without a natural centre.
  case sequential
  /// Blue through white to red (ColorBrewer RdBu), white at 0. For signed numbers.
  case diverging

  /// The colour at `position` in 0…1; outside is clamped, NaN is grey.
  public func color(at position: Double) -> RGBColor {
    if position.isNaN { return .missing }
    let t = min(max(position, 0), 1)
    switch self {
    case .sequential: return Self.viridis(t)
    case .diverging: return Self.interpolated(Self.redBlue, t)
    }
  }

  /// `count` colours from one end to the other.
  func table(_ count: Int) -> [RGBColor] {
    (0..<count).map { color(at: count == 1 ? 0.5 : Double($0) / Double(count - 1)) }
  }

  /// A polynomial through viridis, off by at most 0.012 per component.
  private static func viridis(_ t: Double) -> RGBColor {
    func polynomial(_ c: [Double]) -> Double { c.reversed().reduce(0) { $0 * t + $1 } }
    return RGBColor(polynomial(viridisRed), polynomial(viridisGreen), polynomial(viridisBlue))
  }
  private static let viridisRed = [0.27772733, 0.10509304, -0.33086183, -4.63423050, 6.22826994, 4.77638500, -5.43545586]
  private static let viridisGreen = [0.00540734, 1.40461353, 0.21484756, -5.79910097, 14.17993337, -13.74514538, 4.64585261]
  private static let viridisBlue = [0.33409981, 1.38459016, 0.09509516, -19.33244096, 56.69055260, -65.35303263, 26.31243525]

  private static let redBlue = [
    0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xf4a582, 0xd6604d, 0xb2182b, 0x67001f,
  ].map { RGBColor(hex: $0) }

  private static func interpolated(_ anchors: [RGBColor], _ t: Double) -> RGBColor {
    let place = t * Double(anchors.count - 1)
    let left = min(Int(place), anchors.count - 2)
    let share = place - Double(left)
    func mix(_ part: (RGBColor) -> UInt8) -> Double {
      (Double(part(anchors[left])) * (1 - share) + Double(part(anchors[left + 1])) * share) / 255
    }
    return RGBColor(mix(\.red), mix(\.green), mix(\.blue))
  }
}
