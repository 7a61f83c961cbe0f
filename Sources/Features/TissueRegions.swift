import Foundation
import TensorCore

/// A partition of a picture into contiguous regions with wavy borders.
struct TissueRegions {
  let height: Int
  let width: Int
  let count: Int
  /// Row-major, 0 ..< count.
  private(set) var labels: [Int]

  /// Voronoi cells of spread-out points in smoothly warped coordinates. Several drafts are drawn, and the first is taken in
  /// which no region has less than 40 % of the mean area, or else the one with the largest smallest region.
  init(height: Int, width: Int, count: Int, source: inout RandomSource) {
    self.height = height
    self.width = width
    self.count = count
    var best: [Int] = []
    var bestArea = -1
    for _ in 0..<20 {
      labels = Self.draft(height: height, width: width, count: count, source: &source)
      keepLargestPieces()
      var areas = [Int](repeating: 0, count: count)
      for label in labels { areas[label] += 1 }
      let smallest = areas.min() ?? 0
      if smallest > bestArea { (best, bestArea) = (labels, smallest) }
      if Double(smallest) >= 0.4 * Double(height * width) / Double(count) { break }
    }
    labels = best
  }

  private static func draft(height: Int, width: Int, count: Int, source: inout RandomSource) -> [Int] {
    var points = (0..<count).map { _ in (y: source.uniform() * Double(height), x: source.uniform() * Double(width)) }
    let wavelength = Double(min(height, width)) / 2.5
    let amplitude = 0.05 * Double(min(height, width))
    let waves = (0..<2).map { _ in SmoothField(wavelength: wavelength, source: &source) }
    func nearest(_ y: Double, _ x: Double) -> Int {
      var best = 0
      var bestDistance = Double.infinity
      for (index, point) in points.enumerated() {
        let distance = (point.y - y) * (point.y - y) + (point.x - x) * (point.x - x)
        if distance < bestDistance { (best, bestDistance) = (index, distance) }
      }
      return best
    }
    // Lloyd's iteration spreads the points, so that areas become alike without becoming equal.
    for _ in 0..<3 {
      var sums = [(y: Double, x: Double, n: Double)](repeating: (0, 0, 0), count: count)
      for y in stride(from: 0, to: height, by: 2) {
        for x in stride(from: 0, to: width, by: 2) {
          let index = nearest(Double(y), Double(x))
          sums[index] = (sums[index].y + Double(y), sums[index].x + Double(x), sums[index].n + 1)
        }
      }
      for index in points.indices where sums[index].n > 0 {
        points[index] = (y: sums[index].y / sums[index].n, x: sums[index].x / sums[index].n)
      }
    }
    return (0..<height * width).map { pixel in
      let y = Double(pixel / width)
      let x = Double(pixel % width)
      return nearest(y + amplitude * waves[0].value(y, x), x + amplitude * waves[1].value(y, x))
    }
  }

  /// Gives every piece of a region but its largest to the region that surrounds it.
  private mutating func keepLargestPieces() {
    var piece = [Int](repeating: -1, count: labels.count)
    var sizes: [Int] = []
    var largest = [Int](repeating: -1, count: count)
    for start in labels.indices where piece[start] < 0 {
      let label = labels[start]
      var stack = [start]
      var size = 0
      piece[start] = sizes.count
      while let pixel = stack.popLast() {
        size += 1
        for next in neighbours(pixel) where piece[next] < 0 && labels[next] == label {
          piece[next] = sizes.count
          stack.append(next)
        }
      }
      if largest[label] < 0 || size > sizes[largest[label]] { largest[label] = sizes.count }
      sizes.append(size)
    }
    // Breadth first from what is kept; the queue starts in pixel order, so the outcome is fixed.
    var kept = labels.indices.map { piece[$0] == largest[labels[$0]] }
    var queue = labels.indices.filter { kept[$0] }
    var head = 0
    while head < queue.count {
      let pixel = queue[head]
      head += 1
      for next in neighbours(pixel) where !kept[next] {
        kept[next] = true
        labels[next] = labels[pixel]
        queue.append(next)
      }
    }
  }

  private func neighbours(_ pixel: Int) -> [Int] {
    var result: [Int] = []
    if pixel >= width { result.append(pixel - width) }
    if pixel % width > 0 { result.append(pixel - 1) }
    if pixel % width < width - 1 { result.append(pixel + 1) }
    if pixel < width * (height - 1) { result.append(pixel + width) }
    return result
  }
}

/// A smooth random function of the plane with mean 0 and variance about 1: a sum of plane waves.
struct SmoothField {
  private let waves: [(ky: Double, kx: Double, phase: Double)]

  /// - Parameter wavelength: The shortest wavelength, in pixels; the longest is three times it.
  init(wavelength: Double, source: inout RandomSource) {
    waves = (0..<8).map { _ in
      let angle = 2 * Double.pi * source.uniform()
      let frequency = 2 * Double.pi / (wavelength * (1 + 2 * source.uniform()))
      return (ky: frequency * sin(angle), kx: frequency * cos(angle), phase: 2 * .pi * source.uniform())
    }
  }

  func value(_ y: Double, _ x: Double) -> Double {
    waves.reduce(0) { $0 + sin($1.ky * y + $1.kx * x + $1.phase) } / 2
  }
}
