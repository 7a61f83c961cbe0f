import TensorCore

/// One picture with a title.
public struct ImagePanel: Sendable {
  public enum Content: Sendable {
    /// Colours as they are: [H, W, 3] red, green, blue, or [H, W] grey, uint8.
    case picture(NDArray)
    case labels(LabelMap)
    case heat(HeatMap)
  }

  /// At most two lines; longer text is shortened.
  public var title: String
  /// A line in quieter print below the title, such as the score of a channel. Default: none.
  public var subtitle: String
  public var content: Content
  /// A region whose border is drawn over the picture. Default: none.
  public var outline: RegionMask?

  public init(_ title: String, subtitle: String = "", _ content: Content, outline: RegionMask? = nil) {
    self.title = title
    self.subtitle = subtitle
    self.content = content
    self.outline = outline
  }

  /// Height and width in pixels; zero where the data are not a picture.
  var extents: (height: Int, width: Int) {
    switch content {
    case .labels(let map): (height: map.height, width: map.width)
    case .picture(let array): Self.extents(of: array)
    case .heat(let map): Self.extents(of: map.values)
    }
  }

  private static func extents(of array: NDArray) -> (height: Int, width: Int) {
    array.rank >= 2 ? (height: array.shape[0], width: array.shape[1]) : (height: 0, width: 0)
  }

  /// - Throws: ``FigureError/invalid(_:)`` naming the panel.
  func validate() throws(FigureError) {
    func refuse(_ message: String) -> FigureError { .invalid("panel \"\(title)\": \(message)") }
    switch content {
    case .picture(let array):
      let isPicture = array.rank == 2 || (array.rank == 3 && array.shape[2] == 3)
      guard isPicture, array.dtype == .uint8 else {
        throw refuse("a picture is [H, W, 3] or [H, W] uint8, not \(array.shape) \(array.dtype)")
      }
    case .heat(let map):
      guard map.values.rank == 2 else { throw refuse("a heat map is [H, W], not \(map.values.shape)") }
    case .labels(let map):
      guard map.height >= 0, map.width >= 0, map.labels.count == map.height * map.width else {
        throw refuse("\(map.labels.count) labels do not fill \(map.height) × \(map.width) pixels")
      }
    }
    if let outline {
      guard outline.height >= 0, outline.width >= 0, outline.isInside.count == outline.height * outline.width else {
        throw refuse("an outline of \(outline.isInside.count) pixels does not fill \(outline.height) × \(outline.width)")
      }
    }
  }

  /// The coloured pixels; `nil` if there are none.
  var raster: Raster? {
    let (height, width) = extents
    guard height > 0, width > 0 else { return nil }
    switch content {
    case .labels(let map): return map.raster
    case .heat(let map): return map.raster(height: height, width: width)
    case .picture(let array):
      let values = array.scalars(as: UInt8.self)
      let bytes = array.rank == 3 ? values : values.flatMap { [$0, $0, $0] }
      return Raster(width: width, height: height, bytes: bytes)
    }
  }

  /// The panel's kind and the range of its numbers, for a table.
  var summary: (kind: String, low: Double, high: Double) {
    switch content {
    case .picture(let array):
      let values = array.scalars(as: UInt8.self)
      return (kind: "picture", low: values.min().map(Double.init) ?? .nan, high: values.max().map(Double.init) ?? .nan)
    case .labels(let map):
      return (kind: "labels", low: map.labels.min().map(Double.init) ?? .nan, high: map.labels.max().map(Double.init) ?? .nan)
    case .heat(let map):
      return (kind: "heat map", low: map.extremes?.low ?? .nan, high: map.extremes?.high ?? .nan)
    }
  }
}
