import CImage
import TensorCore

/// TIFF files, by libtiff: pages of 8, 16 or 32 bit integers or floating-point numbers, in strips or tiles.
///
/// Pages of one size and type, from the first on, are the channels of one array [H, W, C], as multiplex images are stored; names
/// come from OME metadata or from the pages' names. A single page of 8 bits is a picture.
struct TIFFFile: ArrayFile {
  let path: String
  let entries: [ArrayDescription]
  private let pages: [Page]
  /// Pages of each entry.
  private let runs: [Range<Int>]

  fileprivate struct Page: Sendable {
    let info: clew_tiff_info
    let element: StoredElement

    func matches(_ other: Page) -> Bool {
      info.width == other.info.width && info.height == other.info.height && element == other.element
    }
  }

  /// Pages that are looked at.
  private static let maximalPages = 65_535

  /// Opens the file `path` as a picture, if it is one, or as arrays.
  static func open(_ path: String) throws(FormatError) -> any ArrayFile {
    let file = try Handle(path)
    var infos: [clew_tiff_info] = []
    while infos.count < maximalPages, let info = try file.info(infos.count) { infos.append(info) }
    guard let first = infos.first else {
      throw FormatError(.malformed, path: path, found: "a TIFF without pages", expected: "one at least")
    }
    if infos.count == 1 && first.isPicture { return PictureFile(path: path, picture: try file.picture(first)) }
    var pages: [Page] = []
    for info in infos {
      guard info.is_encoded == 0, let element = info.element else {
        throw FormatError(
          .unsupported, path: path,
          found: "page \(pages.count) with \(info.samples) samples of \(info.bits) bits, or of encoded colours",
          expected: "one picture, or pages of 8, 16 or 32 bits or floating-point numbers")
      }
      pages.append(Page(info: info, element: element))
    }
    return TIFFFile(path: path, pages: pages, file: file)
  }

  private init(path: String, pages: [Page], file: borrowing Handle) {
    self.path = path
    self.pages = pages
    var entries: [ArrayDescription] = []
    var runs: [Range<Int>] = []
    // What follows the first run is something else: smaller copies, a thumbnail, a label.
    let end = pages.firstIndex { !$0.matches(pages[0]) } ?? pages.count
    for run in [0..<end] + (end..<pages.count).map({ $0..<($0 + 1) }) {
      let page = pages[run.lowerBound]
      let channels = pages[run].reduce(0) { $0 + Int($1.info.samples) }
      let names = run.lowerBound == 0 ? file.channelNames(of: run, count: channels) : nil
      entries.append(
        ArrayDescription(
          name: run.lowerBound == 0 ? "pixels" : "page \(run.lowerBound)", storedType: page.element.rawValue,
          dtype: page.element.widened, shape: [Int(page.info.height), Int(page.info.width), channels], channelNames: names))
      runs.append(run)
    }
    self.entries = entries
    self.runs = runs
  }

  func array(named name: String) throws(FormatError) -> NDArray {
    guard let index = entries.firstIndex(where: { $0.name == name }), let shape = entries[index].shape else {
      throw .unknownKey(name, in: path, names: entries.map(\.name))
    }
    let run = pages[runs[index]]
    try Self.check(run, path: "\(path):\(name)")
    let file = try Handle(path)
    let element = run[run.startIndex].element
    let channels = shape[2]
    return try NDArray.buildingBytes(shape, element.widened) { (target) throws(FormatError) in
      var first = 0
      for number in run.indices {
        let samples = Int(run[number].info.samples)
        let page = try file.read(number, run[number].info, element)
        Self.place(page, samples, into: target, at: first, of: channels)
        first += samples
      }
    }
  }

  /// Copies the samples of a page [H, W, S] to the channels from `first` on.
  private static func place(
    _ page: NDArray, _ samples: Int, into target: UnsafeMutableRawBufferPointer, at first: Int, of channels: Int
  ) {
    func copy<T>(_: T.Type) {
      let target = target.assumingMemoryBound(to: T.self)
      page.withUnsafeBytes { bytes in
        let source = bytes.assumingMemoryBound(to: T.self)
        for pixel in 0..<(source.count / samples) {
          for sample in 0..<samples { target[pixel * channels + first + sample] = source[pixel * samples + sample] }
        }
      }
    }
    switch page.dtype.byteCount {
    case 1: copy(UInt8.self)
    case 4: copy(UInt32.self)
    default: copy(UInt64.self)
    }
  }

  /// Refuses what neither the file can hold nor this machine.
  private static func check(_ run: ArraySlice<Page>, path: String) throws(FormatError) {
    var byteCount = 0
    for page in run {
      let (pixels, overflowed) = Int(page.info.width).multipliedReportingOverflow(by: Int(page.info.height))
      let (stored, isTooMuch) = pixels.multipliedReportingOverflow(by: Int(page.info.samples) * page.element.byteCount)
      guard !overflowed, !isTooMuch, stored <= page.info.byte_bound, stored <= MemoryLimit.physical else {
        throw FormatError(
          .malformed, path: path,
          found: "a page that states \(page.info.width) × \(page.info.height) pixels of \(page.info.samples) samples",
          expected: "at most \(page.info.byte_bound) bytes of them")
      }
      byteCount += stored / page.element.byteCount * page.element.widened.byteCount
      try MemoryLimit.check(byteCount, path: path)
    }
  }
}

/// The owner of libtiff's file.
private struct Handle: ~Copyable {
  private let file: OpaquePointer
  private let path: String

  init(_ path: String) throws(FormatError) {
    var file: OpaquePointer?
    try ImageDecoding.run("TIFF", path: path) { clew_tiff_open(path, &file, $0) }
    guard let file else { throw FormatError(.malformed, path: path, found: "no TIFF", expected: "one") }
    self.file = file
    self.path = path
  }

  deinit { clew_tiff_close(file) }

  /// `nil` behind the last page.
  func info(_ page: Int) throws(FormatError) -> clew_tiff_info? {
    var info = clew_tiff_info()
    try ImageDecoding.run("TIFF", path: path) { clew_tiff_read_info(file, UInt32(page), &info, $0) }
    return info.is_end == 0 ? info : nil
  }

  /// The samples of a page, [H, W, S].
  func read(_ page: Int, _ info: clew_tiff_info, _ element: StoredElement) throws(FormatError) -> NDArray {
    var info = info
    let shape: Shape = [Int(info.height), Int(info.width), Int(info.samples)]
    let bytes = try NDArray.building([shape.elementCount * element.byteCount], as: UInt8.self) { (target) throws(FormatError) in
      try ImageDecoding.run("TIFF", path: path) {
        clew_tiff_read(file, UInt32(page), &info, target.baseAddress, target.count, $0)
      }
    }
    return try bytes.withUnsafeBytes { (bytes) throws(FormatError) in
      var source = MemorySource(bytes: bytes, path: path)
      return try ElementReading.read(element, isBigEndian: false, shape: shape, from: &source)
    }
  }

  func picture(_ info: clew_tiff_info) throws(FormatError) -> Picture {
    let channels = info.is_grey != 0 ? 1 : 3
    let (pixels, overflowed) = Int(info.width).multipliedReportingOverflow(by: Int(info.height))
    // Fewer than 8 bits a sample come to at least one bit a pixel.
    let bound = info.byte_bound.multipliedReportingOverflow(by: 8)
    guard !overflowed, pixels <= Picture.byteLimit / 4, bound.overflow || pixels <= bound.partialValue else {
      throw FormatError(
        .malformed, path: path, found: "a TIFF that states \(info.width) × \(info.height) pixels",
        expected: "at most \(Picture.byteLimit / 4), and what its \(info.byte_bound) bytes can hold")
    }
    var info = info
    let shape: Shape = [Int(info.height), Int(info.width)]
    let colors = try NDArray.building([pixels * 4], as: UInt8.self) { (target) throws(FormatError) in
      try ImageDecoding.run("TIFF", path: path) {
        clew_tiff_read_colors(file, 0, &info, target.baseAddress, target.count, $0)
      }
    }
    let result = NDArray.building(Shape(shape.extents + [channels]), as: UInt8.self) { target in
      colors.withUnsafeBufferPointer(as: UInt8.self) { source in
        for pixel in 0..<pixels {
          // Colours come multiplied by the opacity: what is missing is white.
          let white = 255 - Int(source[pixel * 4 + 3])
          for channel in 0..<channels {
            target[pixel * channels + channel] = UInt8(min(255, Int(source[pixel * 4 + channel]) + white))
          }
        }
      }
    }
    return Picture(pixels: result, storedType: "TIFF, \(info.samples) channels of \(info.bits) bits")
  }

  /// The names of `count` channels: of the metadata, or of pages of one sample each; `nil` if neither fits.
  func channelNames(of run: Range<Int>, count: Int) -> [String]? {
    if let text = clew_tiff_text(file, 0, 0),
      let names = OMEChannels(xml: String(cString: text))?.names(count: count)
    {
      return names
    }
    guard run.count == count else { return nil }
    let names = run.compactMap { page in clew_tiff_text(file, UInt32(page), 1).map { String(cString: $0) } }
    return names.count == count && Set(names).count == count ? names : nil
  }
}

extension clew_tiff_info {
  /// Brightness or colours of up to 8 bits, and not channels without a meaning to the eye.
  fileprivate var isPicture: Bool { bits <= 8 && is_signed == 0 && is_float == 0 && (samples == 1 || is_grey == 0) }

  /// `nil` if samples of this kind are not read.
  fileprivate var element: StoredElement? {
    switch (bits, is_float != 0, is_signed != 0) {
    case (8, false, false): .uint8
    case (8, false, true): .int8
    case (16, false, false): .uint16
    case (16, false, true): .int16
    case (32, false, false): .uint32
    case (32, false, true): .int32
    case (64, false, false): .uint64
    case (64, false, true): .int64
    case (16, true, _): .float16
    case (32, true, _): .float32
    case (64, true, _): .float64
    default: nil
    }
  }
}
