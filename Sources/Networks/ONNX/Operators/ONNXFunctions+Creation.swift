import Autograd
import TensorCore

extension ONNXFunctions {
  /// Arrays made from numbers and shapes. Parameters in the roles `value` and `like` come from attributes; those of them that
  /// are floating-point have the network's precision.
  static let creation: [String: Function] = [
    "Constant": { call in
      guard let value = call.arguments.parameter("value") else { throw call.error("found no value") }
      return [value]
    },
    "ConstantOfShape": { call in
      let value = call.arguments.parameter("value") ?? Tensor(repeating: 0, shape: [1])
      let shape = try call.checked(Shape(try call.ints(0)), elementBytes: value.dtype.byteCount)
      guard value.count == 1 else { throw TensorError.shape(call.name, "expected one value, found \(value.shape)") }
      return [value.reshaped(to: []).broadcast(to: shape)]
    },
    "Range": range,
    "EyeLike": { call in
      let x = try call.input(0)
      guard x.rank == 2 else { throw TensorError.shape(call.name, "expected a matrix, found \(x.shape)") }
      let (offset, columns) = (try call.int("k"), x.shape[1])
      let values = (0..<x.count).map { (place: Int) -> Int64 in place % columns &- place / columns == offset ? 1 : 0 }
      let given = try call.int("dtype", 0)
      let dtype = call.arguments.parameter("like")?.dtype ?? (given == 0 ? x.dtype : ONNXTypes.dtype(given))
      guard let dtype else { throw call.error("found the element type \(given), expected a number or truth value") }
      return [call.tensor(values, x.shape, dtype)]
    },
    "Trilu": { call in
      let x = try call.input(0)
      guard x.rank >= 2 else { throw TensorError.shape(call.name, "expected matrices, found \(x.shape)") }
      let diagonal = try call.optionalInts(1)?.first ?? 0
      let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
      let upper = try call.flag("upper", true)
      let kept = (0..<rows * columns).map { place in
        let distance = place % columns - place / columns
        return upper ? distance >= diagonal : distance <= diagonal
      }
      let mask = Tensor(NDArray(kept, shape: [rows, columns]))
      if x.dtype.isFloating { return [select(where: mask, x, else: 0)] }
      let flags = call.integers(mask, as: x.shape)
      return [call.tensor(zip(call.integers(x, as: x.shape), flags).map(*), x.shape, x.dtype)]
    },
  ]

  private static let range: Function = { call in
    let inputs = try call.inputs()
    guard inputs.count == 3, inputs.allSatisfy({ $0.count == 1 && $0.dtype == inputs[0].dtype }) else {
      throw call.error("expected start, limit and step of one element type")
    }
    let dtype = inputs[0].dtype
    if dtype.isFloating {
      let (start, limit, step) = (inputs[0].doubles[0], inputs[1].doubles[0], inputs[2].doubles[0])
      let steps = ((limit - start) / step).rounded(.up)
      guard steps.isFinite, steps <= Double(OperatorCall.byteLimit / 16) else { throw call.error("found \(steps) steps") }
      let count = max(0, Int(steps))
      let numbers = NDArray((0..<count).map { start + Double($0) * step }, shape: [count])
      return [Tensor(numbers.converted(to: dtype))]
    }
    let values = inputs.map { call.integers($0, as: $0.shape)[0] }
    let (start, limit, step) = (values[0], values[1], values[2])
    let (distance, overflows) = limit.subtractingReportingOverflow(start)
    guard step != 0, step != .min, !overflows, distance != .min else {
      throw call.error("found a range from \(start) to \(limit) in steps of \(step)")
    }
    let isEmpty = (distance > 0) != (step > 0) || distance == 0
    let count = isEmpty ? 0 : (distance.magnitude - 1) / step.magnitude + 1
    guard count <= UInt64(OperatorCall.byteLimit / 16) else { throw call.error("found \(count) steps") }
    return [call.tensor((0..<Int64(count)).map { start + $0 * step }, [Int(count)], dtype)]
  }
}
