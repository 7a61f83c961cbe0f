import CKernels

/// A floating-point element type with the kernels of pooling and normalisation.
protocol LayerScalar: RealScalar {
  static func rowMaxima(
    _ x: Source, _ rows: Int, _ step: Int, _ first: Int, _ best: Destination, _ place: UnsafeMutablePointer<Int32>, _ n: Int
  ) -> Bool
  static func windowMaxima(
    _ line: Source, _ places: UnsafePointer<Int32>, _ count: Int, _ dilation: Int, _ stride: Int, _ best: Destination,
    _ place: UnsafeMutablePointer<Int32>, _ n: Int)
  static func rowSums(_ x: Source, _ rows: Int, _ step: Int, _ line: Destination, _ n: Int)
  static func windowMeans(
    _ line: Source, _ count: Int, _ stride: Int, _ divisor: Self, _ divisors: Source, _ y: Destination, _ n: Int)
  static func windowSpread(
    _ g: Source, _ count: Int, _ stride: Int, _ divisor: Self, _ divisors: Source, _ share: Destination,
    _ line: Destination, _ n: Int)
  /// Adds Σ(x − center) and Σ(x − center)² to two sums.
  static func moments(_ x: Source, _ center: Double, _ sums: UnsafeMutablePointer<Double>, _ n: Int)
  /// Adds Σa and Σab to two sums.
  static func sumAndDot(_ a: Source, _ b: Source, _ sums: UnsafeMutablePointer<Double>, _ n: Int)
  /// y = (x − center)·scale + shift.
  static func standardize(_ center: Self, _ scale: Self, _ shift: Self, _ x: Source, _ y: Destination, _ n: Int)
  /// y = a·u + b·v + c.
  static func combine(_ a: Self, _ u: Source, _ b: Self, _ v: Source, _ c: Self, _ y: Destination, _ n: Int)
}

extension Float: LayerScalar {
  static func rowMaxima(
    _ x: Source, _ rows: Int, _ step: Int, _ first: Int, _ best: Destination, _ place: UnsafeMutablePointer<Int32>, _ n: Int
  ) -> Bool { ck_row_maxima_f32(x, rows, step, Int32(truncatingIfNeeded: first), best, place, n) != 0 }
  static func windowMaxima(
    _ line: Source, _ places: UnsafePointer<Int32>, _ count: Int, _ dilation: Int, _ stride: Int, _ best: Destination,
    _ place: UnsafeMutablePointer<Int32>, _ n: Int
  ) { ck_window_maxima_f32(line, places, count, dilation, stride, best, place, n) }
  static func rowSums(_ x: Source, _ rows: Int, _ step: Int, _ line: Destination, _ n: Int) {
    ck_row_sums_f32(x, rows, step, line, n)
  }
  static func windowMeans(
    _ line: Source, _ count: Int, _ stride: Int, _ divisor: Self, _ divisors: Source, _ y: Destination, _ n: Int
  ) { ck_window_means_f32(line, count, stride, divisor, divisors, y, n) }
  static func windowSpread(
    _ g: Source, _ count: Int, _ stride: Int, _ divisor: Self, _ divisors: Source, _ share: Destination,
    _ line: Destination, _ n: Int
  ) { ck_window_spread_f32(g, count, stride, divisor, divisors, share, line, n) }
  static func moments(_ x: Source, _ center: Double, _ sums: UnsafeMutablePointer<Double>, _ n: Int) {
    ck_moments_f32(x, center, sums, n)
  }
  static func sumAndDot(_ a: Source, _ b: Source, _ sums: UnsafeMutablePointer<Double>, _ n: Int) {
    ck_sum_and_dot_f32(a, b, sums, n)
  }
  static func standardize(_ center: Self, _ scale: Self, _ shift: Self, _ x: Source, _ y: Destination, _ n: Int) {
    ck_standardize_f32(center, scale, shift, x, y, n)
  }
  static func combine(_ a: Self, _ u: Source, _ b: Self, _ v: Source, _ c: Self, _ y: Destination, _ n: Int) {
    ck_combine_f32(a, u, b, v, c, y, n)
  }
}
extension Double: LayerScalar {
  static func rowMaxima(
    _ x: Source, _ rows: Int, _ step: Int, _ first: Int, _ best: Destination, _ place: UnsafeMutablePointer<Int32>, _ n: Int
  ) -> Bool { ck_row_maxima_f64(x, rows, step, Int32(truncatingIfNeeded: first), best, place, n) != 0 }
  static func windowMaxima(
    _ line: Source, _ places: UnsafePointer<Int32>, _ count: Int, _ dilation: Int, _ stride: Int, _ best: Destination,
    _ place: UnsafeMutablePointer<Int32>, _ n: Int
  ) { ck_window_maxima_f64(line, places, count, dilation, stride, best, place, n) }
  static func rowSums(_ x: Source, _ rows: Int, _ step: Int, _ line: Destination, _ n: Int) {
    ck_row_sums_f64(x, rows, step, line, n)
  }
  static func windowMeans(
    _ line: Source, _ count: Int, _ stride: Int, _ divisor: Self, _ divisors: Source, _ y: Destination, _ n: Int
  ) { ck_window_means_f64(line, count, stride, divisor, divisors, y, n) }
  static func windowSpread(
    _ g: Source, _ count: Int, _ stride: Int, _ divisor: Self, _ divisors: Source, _ share: Destination,
    _ line: Destination, _ n: Int
  ) { ck_window_spread_f64(g, count, stride, divisor, divisors, share, line, n) }
  static func moments(_ x: Source, _ center: Double, _ sums: UnsafeMutablePointer<Double>, _ n: Int) {
    ck_moments_f64(x, center, sums, n)
  }
  static func sumAndDot(_ a: Source, _ b: Source, _ sums: UnsafeMutablePointer<Double>, _ n: Int) {
    ck_sum_and_dot_f64(a, b, sums, n)
  }
  static func standardize(_ center: Self, _ scale: Self, _ shift: Self, _ x: Source, _ y: Destination, _ n: Int) {
    ck_standardize_f64(center, scale, shift, x, y, n)
  }
  static func combine(_ a: Self, _ u: Source, _ b: Self, _ v: Source, _ c: Self, _ y: Destination, _ n: Int) {
    ck_combine_f64(a, u, b, v, c, y, n)
  }
}
