/// What can go wrong with values: reported by pure, throwing shape rules, and by numerics that the input decides.
public enum TensorError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Shapes that do not fit `operation`.
  case shape(_ operation: String, String)
  /// Element types that do not fit `operation`.
  case dtype(_ operation: String, String)
  /// An argument outside its domain.
  case argument(_ operation: String, String)
  /// An iteration or a LAPACK routine that did not converge, or met NaN or infinity.
  case numerical(_ operation: String, String)
  /// A derivative that does not exist at this point (for example a gauge-dependent one at a repeated eigenvalue).
  case notDifferentiable(_ operation: String, String)

  public var description: String {
    switch self {
    case .shape(let operation, let message), .dtype(let operation, let message), .argument(let operation, let message),
      .numerical(let operation, let message), .notDifferentiable(let operation, let message):
      "\(operation): \(message)"
    }
  }
}

/// Stops the program for what a programmer got wrong. `precondition` drops its message in release builds; this does not.
public func fail(_ error: TensorError, file: StaticString = #fileID, line: UInt = #line) -> Never {
  fatalError(error.description, file: file, line: line)
}

/// Runs a throwing shape rule where a wrong shape is the program's own fault.
@inlinable
public func trapping<R>(_ body: () throws(TensorError) -> R) -> R {
  do { return try body() } catch { fail(error) }
}
