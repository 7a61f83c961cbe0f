/// What can go wrong when a figure is drawn.
public enum FigureError: Error, Equatable, Sendable, CustomStringConvertible {
  /// gnuplot was not found, or could not be started; the text says where it was sought.
  case rendererMissing(String)
  /// gnuplot stopped with `status`; `message` is the last line that it wrote to standard error.
  case rendererFailed(status: Int, message: String)
  /// The figure at `path` could not be written.
  case unwritable(path: String, reason: String)
  /// Data that do not fit together, for example a label map with too few labels.
  case invalid(String)

  public var description: String {
    switch self {
    case .rendererMissing(let detail):
      "figures are drawn by gnuplot, which is not available (\(detail)); install it with: apt-get install gnuplot-nox"
    case .rendererFailed(let status, let message): "gnuplot failed with status \(status): \(message)"
    case .unwritable(let path, let reason): "\(path): the figure cannot be written: \(reason)"
    case .invalid(let message): "the figure cannot be drawn: \(message)"
    }
  }
}
