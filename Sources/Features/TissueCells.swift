import Foundation
import TensorCore

/// The cells of a ``TissuePhantom``, the same in every channel.
struct TissueCells {
  struct Cell {
    var y: Double
    var x: Double
    var region: Int
    /// Standard deviation of the nucleus in pixels; the body's is twice it.
    var radius: Double
  }

  private let map: TissueRegions
  private let cells: [Cell]

  /// A cell per `pixelsPerCell` pixels, at random but not on top of each other.
  init(_ map: TissueRegions, pixelsPerCell: Double, seed: UInt64) {
    self.map = map
    var source = RandomSource(seed: seed)
    let spacing = 0.65 * pixelsPerCell.squareRoot()
    let wanted = max(map.count, Int(Double(map.height * map.width) / pixelsPerCell))
    // A grid as coarse as the spacing: only the cells in the 3 × 3 boxes around can be too near.
    let columns = Int(Double(map.width) / spacing) + 1
    let rows = Int(Double(map.height) / spacing) + 1
    var boxes = [[Int]](repeating: [], count: rows * columns)
    var cells: [Cell] = []
    for _ in 0..<20 * wanted where cells.count < wanted {
      let y = source.uniform() * Double(map.height)
      let x = source.uniform() * Double(map.width)
      let size = 0.22 * pixelsPerCell.squareRoot() * (0.85 + 0.3 * source.uniform())
      let (row, column) = (Int(y / spacing), Int(x / spacing))
      var isFree = true
      for r in max(0, row - 1)...min(rows - 1, row + 1) {
        for c in max(0, column - 1)...min(columns - 1, column + 1) {
          for index in boxes[r * columns + c] where hypot(cells[index].y - y, cells[index].x - x) < spacing { isFree = false }
        }
      }
      if !isFree { continue }
      boxes[row * columns + column].append(cells.count)
      let pixel = min(Int(y), map.height - 1) * map.width + min(Int(x), map.width - 1)
      cells.append(Cell(y: y, x: x, region: map.labels[pixel], radius: size))
    }
    self.cells = cells
  }

  /// The intensities of a channel before its gain, row-major.
  func plane(of channel: TissuePanel.Channel, smoothing: Double, noise: Double, source: inout RandomSource) -> [Double] {
    var plane = [Double](repeating: 0, count: map.labels.count)
    switch channel.pattern {
    case .blank: break
    case .gradient:
      let field = SmoothField(wavelength: Double(min(map.height, map.width)), source: &source)
      for pixel in plane.indices {
        plane[pixel] = channel.strength * (0.5 + 0.2 * field.value(Double(pixel / map.width), Double(pixel % map.width)))
      }
    case .nuclei:
      for cell in cells { add(cell, channel.strength * (0.8 + 0.4 * source.uniform()), nucleus: 1, body: 0, to: &plane) }
    case .scattered(let share):
      for cell in cells {
        let (draw, level) = (source.uniform(), source.uniform())
        if draw < share { add(cell, channel.strength * (0.7 + 0.6 * level), nucleus: -0.4, body: 1, to: &plane) }
      }
    case .planted(let region, let other, let overlap):
      func level(_ place: Int) -> Double { place == region ? 1 : place == other ? overlap : 0 }
      for cell in cells {
        let amplitude = channel.strength * level(cell.region) * (0.7 + 0.6 * source.uniform())
        if amplitude > 0 { add(cell, amplitude, nucleus: -0.4, body: 1, to: &plane) }
      }
      // Matrix and cells out of the plane of focus: what makes tissue a region rather than dots.
      for pixel in plane.indices { plane[pixel] += 0.35 * channel.strength * level(map.labels[pixel]) }
    }
    blur(&plane, smoothing)
    if noise > 0 { for pixel in plane.indices { plane[pixel] += noise * source.normal() } }
    return plane
  }

  /// Adds a nucleus and a body around it; a negative nucleus leaves the middle of the body darker, as membranes and cytoplasm look.
  private func add(_ cell: Cell, _ amplitude: Double, nucleus: Double, body: Double, to plane: inout [Double]) {
    let reach = Int((body > 0 ? 6 : 3) * cell.radius) + 1
    let rows = max(0, Int(cell.y) - reach)...min(map.height - 1, Int(cell.y) + reach)
    let columns = max(0, Int(cell.x) - reach)...min(map.width - 1, Int(cell.x) + reach)
    let precision = 1 / (2 * cell.radius * cell.radius)
    for y in rows {
      for x in columns {
        let dy = Double(y) + 0.5 - cell.y
        let dx = Double(x) + 0.5 - cell.x
        let distance = (dy * dy + dx * dx) * precision
        plane[y * map.width + x] += amplitude * (nucleus * exp(-distance) + body * exp(-distance / 4))
      }
    }
  }

  /// A Gaussian blur of standard deviation `sigma` pixels, mirrored at the edges.
  private func blur(_ plane: inout [Double], _ sigma: Double) {
    if sigma < 0.05 { return }
    let reach = Int((4 * sigma).rounded(.up))
    var weights = (-reach...reach).map { exp(-Double($0 * $0) / (2 * sigma * sigma)) }
    let total = weights.reduce(0, +)
    for index in weights.indices { weights[index] /= total }
    func convolve(_ input: [Double], length: Int, step: Int) -> [Double] {
      input.indices.map { pixel in
        let place = pixel / step % length
        var sum = 0.0
        for (offset, weight) in weights.enumerated() {
          // Mirrored with the edge pixel repeated, with period 2 · length.
          var other = (place + offset - reach) % (2 * length)
          if other < 0 { other += 2 * length }
          if other >= length { other = 2 * length - 1 - other }
          sum += weight * input[pixel + (other - place) * step]
        }
        return sum
      }
    }
    plane = convolve(convolve(plane, length: map.width, step: 1), length: map.height, step: map.width)
  }
}
