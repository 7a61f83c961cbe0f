/// The few kinds of text that figures use, in points.
struct TextStyle: Sendable {
  var size: Double
  var isBold = false
  var color = RGBColor.ink
  /// From one line to the next.
  var leading: Double { (size * 1.35).rounded() }

  static let plain = 9.0
  static let title = TextStyle(size: 14, isBold: true)
  static let heading = TextStyle(size: 10, isBold: true)
  static let panelTitle = TextStyle(size: 9)
  static let note = TextStyle(size: 8, color: .quietInk)
  static let tick = TextStyle(size: 7.5, color: .quietInk)

  /// How wide `text` may become: an upper estimate, because the font that the machine really has is not known here.
  /// The classes cover DejaVu Sans, the widest of the usual substitutes for Arial.
  func width(of text: String) -> Double {
    var ems = 0.0
    for scalar in text.unicodeScalars {
      switch scalar {
      case "i", "j", "l", ".", ",", ":", ";", "'", "|", "!": ems += 0.33
      case " ", "f", "r", "t", "(", ")", "[", "]", "{", "}", "\"", "/", "\\", "-", "I": ems += 0.4
      case "m", "w", "M", "W", "@", "%": ems += 0.93
      case "A"..."Z", "&": ems += 0.71
      default: ems += scalar.value >= 0x1100 && !(0x2000..<0x2E80).contains(scalar.value) ? 1.05 : 0.61
      }
    }
    return ems * size * (isBold ? 1.06 : 1)
  }

  /// `text`, or its two ends around an ellipsis if it is wider than `limit`: names often differ only at their end.
  func fitted(_ text: String, to limit: Double) -> String {
    let text = Self.singleLine(text)
    if width(of: text) <= limit { return text }
    let characters = Array(text)
    // The widths grow with the number of characters kept, so that a binary search finds the most that fit.
    var low = 0
    var high = characters.count
    func shortened(_ kept: Int) -> String {
      String(characters.prefix((kept + 1) / 2)) + "…" + String(characters.suffix(kept / 2))
    }
    while low < high {
      let middle = (low + high + 1) / 2
      if width(of: shortened(middle)) <= limit { low = middle } else { high = middle - 1 }
    }
    return shortened(low)
  }

  /// `text` broken at spaces into at most `maximumLines` lines of at most `limit` points; the last may hold an ellipsis.
  func wrapped(_ text: String, to limit: Double, maximumLines: Int) -> [String] {
    let text = Self.singleLine(text)
    if text.allSatisfy(\.isWhitespace) { return [] }
    if width(of: text) <= limit || maximumLines <= 1 { return [fitted(text, to: limit)] }
    var words = text.split(separator: " ").map(String.init)[...]
    var lines: [String] = []
    while !words.isEmpty, lines.count < maximumLines - 1 { lines.append(takeLine(from: &words, limit: limit)) }
    if !words.isEmpty { lines.append(fitted(words.joined(separator: " "), to: limit)) }
    return lines
  }

  /// As many words as fit on a line. A word that would not fit on a line of its own is broken.
  private func takeLine(from words: inout ArraySlice<String>, limit: Double) -> String {
    var line = ""
    while let next = words.first {
      let longer = line.isEmpty ? next : line + " " + next
      if width(of: longer) <= limit {
        line = longer
        words = words.dropFirst()
        continue
      }
      if width(of: next) <= limit && !line.isEmpty { break }
      var head = next
      let start = line.isEmpty ? "" : line + " "
      while head.count > (line.isEmpty ? 1 : 0), width(of: start + head) > limit { head.removeLast() }
      words = [String(next.dropFirst(head.count))] + words.dropFirst()
      return head.isEmpty ? line : start + head
    }
    return line
  }

  /// `text` without control characters and line breaks, which no line of a figure can show.
  static func singleLine(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate: result.append(" ")
      default: result.append(scalar)
      }
    }
    return String(result)
  }
}
