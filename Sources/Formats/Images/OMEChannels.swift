/// Channel names from the OME-XML that microscopes' software leaves in a TIFF's description (Open Microscopy Environment, schema
/// 2016-06). Not an XML parser: it looks for the tags of the first image, and takes nothing else from them than these attributes.
struct OMEChannels {
  private let channels: [String]
  private let sizeZ: Int
  private let sizeT: Int
  /// Which of Z, C and T counts up fastest from page to page: `XYCZT`, …
  private let order: String

  /// `nil` if `xml` describes no channels.
  init?(xml: String) {
    guard xml.utf8.count <= 1 << 24, let pixels = Self.tags("Pixels", in: xml[...], limit: 1).first else { return nil }
    // The channels of the first image stand before its end.
    let rest = xml[pixels.endIndex...]
    let end = Self.firstRange(of: "Pixels>", in: rest) ?? rest.endIndex
    channels = Self.tags("Channel", in: rest[..<end], limit: 4096).enumerated().map { index, tag in
      Self.attribute("Name", of: tag) ?? Self.attribute("Fluor", of: tag) ?? "channel \(index)"
    }
    if channels.isEmpty { return nil }
    sizeZ = Self.attribute("SizeZ", of: pixels).flatMap { Int($0) } ?? 1
    sizeT = Self.attribute("SizeT", of: pixels).flatMap { Int($0) } ?? 1
    order = Self.attribute("DimensionOrder", of: pixels) ?? "XYCZT"
  }

  /// A name for each of `count` pages: that of its channel, with depth and time where there are several. `nil` unless there
  /// are as many pages as channels times depths times times.
  func names(count: Int) -> [String]? {
    guard sizeZ > 0, sizeT > 0, sizeZ <= count, sizeT <= count, channels.count * sizeZ * sizeT == count else { return nil }
    let sizes: [Character: Int] = ["C": channels.count, "Z": sizeZ, "T": sizeT]
    let axes = order.filter { "CZT".contains($0) }
    guard axes.count == 3, Set(axes).count == 3 else { return nil }
    return (0..<count).map { page in
      var rest = page
      var place: [Character: Int] = [:]
      for axis in axes {
        place[axis] = rest % (sizes[axis] ?? 1)
        rest /= sizes[axis] ?? 1
      }
      var name = channels[place["C"] ?? 0]
      if sizeZ > 1 { name += " z\(place["Z"] ?? 0)" }
      if sizeT > 1 { name += " t\(place["T"] ?? 0)" }
      return name
    }
  }

  /// The start tags of elements called `name`, with or without a prefix, from `<` to `>`.
  private static func tags(_ name: String, in text: Substring, limit: Int) -> [Substring] {
    var result: [Substring] = []
    var rest = text
    while result.count < limit, let open = rest.firstIndex(of: "<") {
      let inside = rest[rest.index(after: open)...]
      guard let close = inside.firstIndex(of: ">") else { break }
      let tag = inside[..<close]
      let word = tag.prefix { !$0.isWhitespace && $0 != "/" }
      if word.split(separator: ":").last.map(String.init) == name, !tag.hasPrefix("/") { result.append(tag) }
      rest = inside[inside.index(after: close)...]
    }
    return result
  }

  private static func firstRange(of end: String, in text: Substring) -> String.Index? {
    var rest = text
    while let open = rest.firstIndex(of: "<") {
      let inside = rest[rest.index(after: open)...]
      if inside.hasPrefix("/"), let close = inside.firstIndex(of: ">"), inside[...close].hasSuffix(end) { return open }
      rest = inside
    }
    return nil
  }

  private static func attribute(_ name: String, of tag: Substring) -> String? {
    var rest = tag
    while let equals = rest.firstIndex(of: "=") {
      let key = rest[..<equals].split(whereSeparator: \.isWhitespace).last
      let behind = rest[rest.index(after: equals)...].drop(while: \.isWhitespace)
      guard let quote = behind.first, quote == "\"" || quote == "'" else { return nil }
      let start = behind.dropFirst()
      guard let end = start.firstIndex(of: quote) else { return nil }
      if key.map(String.init) == name { return unescaped(start[..<end]) }
      rest = start[start.index(after: end)...]
    }
    return nil
  }

  private static func unescaped(_ text: Substring) -> String {
    var result = ""
    var rest = text
    while let start = rest.firstIndex(of: "&") {
      result += rest[..<start]
      rest = rest[rest.index(after: start)...]
      guard let end = rest.firstIndex(of: ";") else { return result + "&" + rest }
      let entity = rest[..<end]
      let named: [Substring: String] = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]
      if let character = named[entity] {
        result += character
      } else if entity.hasPrefix("#") {
        let digits = entity.dropFirst()
        let code = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        result.unicodeScalars.append(code.flatMap(Unicode.Scalar.init) ?? "\u{FFFD}")
      } else {
        result += "&\(entity);"
      }
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }
}
