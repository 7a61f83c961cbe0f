extension Primitive {
  /// Computes the outputs and, if an input is recorded, records them.
  ///
  /// - Throws: `TensorError` for inputs that do not fit, and for numerics that fail on these values.
  public func apply(_ inputs: consuming [Tensor]) throws(TensorError) -> [Tensor] {
    _ = try infer(inputs.map { Signature($0) })
    let values = inputs.map(\.value)
    guard inputs.contains(where: \.isRecorded), Recording.isOn else {
      // Let go of, so that a value that nobody else holds can be written over.
      inputs = []
      return try forward(consume values).map { Tensor($0) }
    }
    let outputs = try forward(consume values)
    if !outputs.contains(where: \.dtype.isFloating) { return outputs.map { Tensor($0) } }
    let saves = saves
    let node = Node(
      primitive: self, edges: inputs.enumerated().map { Edge($1, saving: saves.keepsInput($0)) },
      outputs: saves.contains(.outputs) ? outputs : nil, outputCount: outputs.count)
    return outputs.enumerated().map { index, value in
      value.dtype.isFloating ? Tensor(value, node: node, outputIndex: index) : Tensor(value)
    }
  }

  /// The only output, for operations whose failure is the program's own fault: traps with operation and shapes.
  @inline(__always)
  func callAsFunction(_ inputs: Tensor...) -> Tensor {
    do { return try apply(inputs)[0] } catch { fail(error) }
  }

  /// The same for one input, which may be given up.
  @inline(__always)
  func callAsFunction(_ x: consuming Tensor) -> Tensor {
    do { return try apply([x])[0] } catch { fail(error) }
  }

  /// The same for two inputs, which may be given up.
  @inline(__always)
  func callAsFunction(_ a: consuming Tensor, _ b: consuming Tensor) -> Tensor {
    do { return try apply([a, b])[0] } catch { fail(error) }
  }
}

/// Whether operations are being recorded on this task.
public enum Recording {
  @TaskLocal static var isOn = true

  /// Depth of functional transforms around the current code; inside one, a gradient is itself recorded.
  @TaskLocal static var depth = 0

  /// Runs `body` without recording anything: saves memory where no gradient will be asked for.
  ///
  /// A transform such as ``gradient(at:_:)`` still works inside; its result is a constant to what surrounds it.
  public static func off<R>(_ body: () throws -> R) rethrows -> R { try $isOn.withValue(false, operation: body) }
}
