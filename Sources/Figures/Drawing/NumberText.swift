import Foundation

/// Numbers as people read them on axes and in titles.
public enum NumberText {
  /// `value` with three significant digits and a true minus sign, such as `−0.0123` or `4.5e−7`.
  public static func short(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "n/a" : value > 0 ? "∞" : "−∞" }
    if value == 0 { return "0" }
    let size = abs(value)
    let plain: String
    if size >= 1e5 || size < 1e-3 {
      let parts = String(format: "%.2e", value).split(separator: "e")
      let exponent = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
      plain = trimmed(String(parts[0])) + "e\(exponent)"
    } else {
      let decimals = max(0, 2 - Int(floor(log10(size))))
      plain = trimmed(String(format: "%.\(decimals)f", value))
    }
    return plain.replacingOccurrences(of: "-", with: "−")
  }

  /// `value` with exactly `decimals` digits after the point.
  static func fixed(_ value: Double, decimals: Int) -> String {
    String(format: "%.\(decimals)f", value).replacingOccurrences(of: "-", with: "−")
  }

  /// `value` in full precision for a table; empty if it is not a finite number.
  static func full(_ value: Double) -> String { value.isFinite ? "\(value)" : "" }

  /// `count` with thousands separated, such as `12,345`.
  public static func grouped(_ count: Int) -> String {
    var digits = String(abs(count))
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (count < 0 ? "−" : "") + ([digits] + groups).joined(separator: ",")
  }

  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var text = text
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }
}

/// Round positions on an axis.
enum AxisTicks {
  /// Multiples of 1, 2 or 5 times a power of ten inside `low...high`: at most about `count`, but at least three where a
  /// finer step gives them. Empty unless `low < high`.
  static func positions(from low: Double, to high: Double, about count: Int) -> [Double] {
    var result: [Double] = []
    for wanted in count...max(count, 2 * count) {
      result = multiples(from: low, to: high, about: wanted)
      if result.count >= 3 { break }
    }
    return result
  }

  private static func multiples(from low: Double, to high: Double, about count: Int) -> [Double] {
    let span = high - low
    guard span.isFinite, span > 0, count > 0 else { return [] }
    let rough = span / Double(count)
    let power = pow(10, floor(log10(rough)))
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
    guard step > 0, step.isFinite else { return [] }
    let first = Int(exactly: (low / step - 1e-9).rounded(.up)) ?? 0
    let last = Int(exactly: (high / step + 1e-9).rounded(.down)) ?? 0
    guard first <= last, last - first <= 4 * count else { return [] }
    return (first...last).map { Double($0) * step }
  }
}
