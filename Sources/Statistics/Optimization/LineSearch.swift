/// The line search of Moré & Thuente, "Line search algorithms with guaranteed sufficient decrease" (ACM Transactions on
/// Mathematical Software 20, 1994): a step t > 0 with φ(t) ≤ φ(0) + μ t φ′(0) and |φ′(t)| ≤ η |φ′(0)|.
///
/// It asks for evaluations and does none. With the constants of L-BFGS-B (Zhu, Byrd, Lu & Nocedal 1997): μ = 1e-3, η = 0.9, and an
/// interval narrower than a tenth of its end is narrow enough.
struct LineSearch {
  /// A step and what φ is there.
  struct Place {
    var step: Double
    var value: Double
    var slope: Double
  }

  enum Advice: Equatable {
    /// NaN where the function is not finite.
    case evaluate(step: Double)
    /// Take the step that was evaluated last: either both conditions hold or no other would be better.
    case take
  }

  static let longest = 1e10
  private let start: Place
  /// μ φ′(0).
  private let demand: Double
  /// Where φ (or, in the first stage, ψ of equation 2.1) is lowest, and the other end of the interval with the minimum.
  private var best: Place
  private var other: Place
  private var isBracketed = false
  private var isFirstStage = true
  /// What the next trial may be.
  private var lower = 0.0
  private var upper: Double
  private var width: Double
  private var widthBefore: Double

  /// - Parameters:
  ///   - value: φ(0).
  ///   - slope: φ′(0), negative.
  ///   - step: what is evaluated first, positive.
  init(value: Double, slope: Double, step: Double) {
    start = Place(step: 0, value: value, slope: slope)
    demand = 1e-3 * slope
    (best, other) = (start, start)
    upper = 5 * step
    (width, widthBefore) = (Self.longest, 2 * Self.longest)
  }

  /// What to do after an evaluation.
  mutating func advance(_ place: Place) -> Advice {
    let allowed = start.value + place.step * demand
    if isFirstStage && place.value <= allowed && place.slope >= 0 { isFirstStage = false }
    if isExhausted(place, allowed) || place.value <= allowed && abs(place.slope) <= 0.9 * -start.slope { return .take }

    var next: Double
    if isFirstStage && place.value <= best.value && place.value > allowed {
      // ψ(t) = φ(t) − φ(0) − μ t φ′(0), up to a constant: lower than before, but not by enough.
      (best, other) = (tilted(best, by: -demand), tilted(other, by: -demand))
      next = trial(tilted(place, by: -demand))
      (best, other) = (tilted(best, by: demand), tilted(other, by: demand))
    } else {
      next = trial(place)
    }
    if isBracketed {
      let span = abs(other.step - best.step)
      // An interval that shrinks too slowly is halved.
      if span >= 0.66 * widthBefore { next = best.step + 0.5 * (other.step - best.step) }
      (widthBefore, width) = (width, span)
      (lower, upper) = (min(best.step, other.step), max(best.step, other.step))
    } else {
      (lower, upper) = (next + 1.1 * (next - best.step), next + 4 * (next - best.step))
    }
    if next.isNaN { return .evaluate(step: next) }
    next = min(max(next, 0), Self.longest)
    if isBracketed && (next <= lower || next >= upper || isNarrow) { next = best.step }
    return .evaluate(step: next)
  }

  private var isNarrow: Bool { upper - lower <= 0.1 * upper }

  /// Whether rounding, a narrow interval or the ends of all steps leave nothing to look for.
  private func isExhausted(_ place: Place, _ allowed: Double) -> Bool {
    if isBracketed && (place.step <= lower || place.step >= upper || isNarrow) { return true }
    if place.step == Self.longest && place.value <= allowed && place.slope <= demand { return true }
    return place.step == 0 && (place.value > allowed || place.slope >= demand)
  }

  private func tilted(_ place: Place, by slope: Double) -> Place {
    Place(step: place.step, value: place.value + place.step * slope, slope: place.slope + slope)
  }

  /// The next step by interpolation (section 4 of the paper), and the interval that follows from the present one.
  private mutating func trial(_ now: Place) -> Double {
    let turns = now.slope.sign != best.slope.sign && now.slope != 0 && best.slope != 0
    let next: Double
    if now.value > best.value {
      // Case 1: higher, so that the minimum is between.
      let cubic = Self.cubicMinimum(best, now)
      let distance = now.step - best.step
      let quadratic = best.step + best.slope / ((best.value - now.value) / distance + best.slope) / 2 * distance
      next = abs(cubic - best.step) <= abs(quadratic - best.step) ? cubic : cubic + (quadratic - cubic) / 2
      isBracketed = true
    } else if turns {
      // Case 2: lower, and the slope has changed its sign.
      let (cubic, secant) = (Self.cubicMinimum(now, best), Self.secant(now, best))
      next = abs(cubic - now.step) > abs(secant - now.step) ? cubic : secant
      isBracketed = true
    } else if abs(now.slope) < abs(best.slope) {
      next = extrapolated(now)
    } else if isBracketed {
      // Case 4: lower, and no flatter.
      next = Self.cubicMinimum(now, other)
    } else {
      next = now.step > best.step ? upper : lower
    }
    if now.value > best.value {
      other = now
    } else {
      if turns { other = best }
      best = now
    }
    return next
  }

  /// Case 3: lower, and flatter by a slope of the same sign.
  private func extrapolated(_ now: Place) -> Double {
    let secant = Self.secant(now, best)
    let cubic = Self.cubicMinimumBeyond(now, best) ?? (now.step > best.step ? upper : lower)
    let isCubicCloser = abs(cubic - now.step) < abs(secant - now.step)
    if isBracketed {
      let (next, end) = (isCubicCloser ? cubic : secant, now.step + 0.66 * (other.step - now.step))
      return now.step > best.step ? min(end, next) : max(end, next)
    }
    let next = abs(cubic - now.step) > abs(secant - now.step) ? cubic : secant
    return min(max(next, lower), upper)
  }

  private static func secant(_ a: Place, _ b: Place) -> Double { a.step + a.slope / (a.slope - b.slope) * (b.step - a.step) }

  /// The parts of the cubic through two places with their slopes (Nocedal & Wright 2006, equation 3.59), scaled against overflow.
  private static func cubic(_ a: Place, _ b: Place) -> (theta: Double, scale: Double, square: Double) {
    let theta = 3 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope
    let scale = max(abs(theta), abs(a.slope), abs(b.slope))
    return (theta, scale, (theta / scale) * (theta / scale) - (a.slope / scale) * (b.slope / scale))
  }

  /// Where the cubic through two places has its minimum.
  private static func cubicMinimum(_ a: Place, _ b: Place) -> Double {
    let (theta, scale, square) = cubic(a, b)
    let root = (b.step < a.step ? -1.0 : 1.0) * scale * square.squareRoot()
    return a.step + ((root - a.slope) + theta) / (((root - a.slope) + root) + b.slope) * (b.step - a.step)
  }

  /// The same, if it lies beyond `a` as seen from `b`, and the cubic rises there.
  private static func cubicMinimumBeyond(_ a: Place, _ b: Place) -> Double? {
    let (theta, scale, square) = cubic(a, b)
    let root = (b.step < a.step ? -1.0 : 1.0) * scale * max(0, square).squareRoot()
    let ratio = ((root - a.slope) + theta) / ((root + (b.slope - a.slope)) + root)
    return ratio < 0 && root != 0 ? a.step + ratio * (b.step - a.step) : nil
  }
}
