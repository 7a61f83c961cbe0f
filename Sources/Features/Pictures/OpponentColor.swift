import Foundation
import TensorCore

/// Lightness and the two opponent axes of CIELAB, planes of H·W numbers, or lightness alone.
///
/// Equal distances look about equally different, in dark and bright places alike (CIE 15:2004, section 8.2.1); differences of
/// camera values do not: there, a dark red wall and a dark green tree are neighbours.
struct OpponentColor {
  /// L* in 0 … 100; then, for colour pictures, a* (green to red) and b* (blue to yellow).
  let planes: [[Double]]

  static let names = ["lightness", "green to red", "blue to yellow"]
  /// The difference that is just noticeable, about 2.3 units (Mahy, Van Eycken & Oosterlinck, Color Research & Application 1994).
  static let noticeable = 2.3

  /// - Parameter picture: [H, W, 1] or [H, W, 3], sRGB values in 0 … 255, of any dtype.
  init(_ picture: NDArray) {
    let values = picture.doubles
    let channels = picture.shape[2]
    let count = picture.shape[0] * picture.shape[1]
    if channels < 3 {
      planes = [(0..<count).map { 116 * Self.compressed(Self.linear(values[$0 * channels])) - 16 }]
      return
    }
    var planes = [[Double]](repeating: [Double](repeating: 0, count: count), count: 3)
    for pixel in 0..<count {
      let light = (0..<3).map { Self.linear(values[pixel * channels + $0]) }
      let (x, y, z) = (Self.response(light, 0), Self.response(light, 1), Self.response(light, 2))
      planes[0][pixel] = 116 * y - 16
      planes[1][pixel] = 500 * (x - y)
      planes[2][pixel] = 200 * (y - z)
    }
    self.planes = planes
  }

  /// IEC 61966-2-1: from the camera's code to light, 0 … 1.
  private static func linear(_ code: Double) -> Double {
    let value = min(max(code / 255, 0), 1)
    return value <= 0.04045 ? value / 12.92 : Foundation.pow((value + 0.055) / 1.055, 2.4)
  }

  /// From linear sRGB to X, Y, Z under D65 (IEC 61966-2-1).
  private static let tristimulus = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]

  /// The compressed response along one of X, Y, Z, relative to white, so that grey has three equal responses.
  private static func response(_ light: [Double], _ axis: Int) -> Double {
    let row = tristimulus[axis]
    return compressed((row[0] * light[0] + row[1] * light[1] + row[2] * light[2]) / (row[0] + row[1] + row[2]))
  }

  /// The cube root, continued by a line near black.
  private static func compressed(_ value: Double) -> Double {
    value > 216.0 / 24389 ? Foundation.cbrt(value) : (24389.0 / 27 * value + 16) / 116
  }
}
