import Autograd
import Foundation

/// Scaling of pictures by area average: every source pixel counts by the area that it covers of a target pixel.
public enum PictureScaling {
  /// The largest size with the aspect of (height, width) and at most `limit` pixels; the same if it is small enough.
  public static func size(height: Int, width: Int, limit: Int) -> (height: Int, width: Int) {
    if height * width <= limit { return (height, width) }
    let scale = (Double(limit) / (Double(height) * Double(width))).squareRoot()
    let rows = max(1, min(limit, Int(Double(height) * scale)))
    let columns = max(1, min(limit / rows, Int(Double(width) * scale)))
    return (rows, columns)
  }

  /// - Parameters:
  ///   - picture: [H, W, C] of any dtype.
  ///   - height: of the result.
  ///   - width: of the result.
  /// - Returns: [height, width, C] in float32.
  public static func areaAverage(_ picture: NDArray, height: Int, width: Int) -> NDArray {
    let (h, w, c) = (picture.shape[0], picture.shape[1], picture.shape[2])
    let values = picture.converted(to: .float32)
    if (h, w) == (height, width) { return values }
    let rows = Tensor(coverage(from: h, to: height))
    let columns = Tensor(coverage(from: w, to: width))
    // [height, H]·[H, W·C], then [width, W]·[W, C] in each row.
    let tall = matmul(rows, Tensor(values).reshaped(to: [h, w * c])).reshaped(to: [height, w, c])
    return matmul(columns, tall).value
  }

  /// [target, source]: the share of each source cell in each target cell; rows sum to 1.
  private static func coverage(from source: Int, to target: Int) -> NDArray {
    var weights = [Float](repeating: 0, count: target * source)
    let ratio = Double(source) / Double(target)
    for t in 0..<target {
      let (start, end) = (Double(t) * ratio, Double(t + 1) * ratio)
      for s in Int(start)..<min(source, Int(end.rounded(.up))) {
        let overlap = min(end, Double(s + 1)) - max(start, Double(s))
        weights[t * source + s] = Float(max(0, overlap) / ratio)
      }
    }
    return NDArray(weights, shape: [target, source])
  }
}
