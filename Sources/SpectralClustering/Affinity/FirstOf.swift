import Synchronization

/// What parallel work finds first in the order of the problem, whichever thread finds it first in time.
final class FirstOf<Value: Sendable>: Sendable {
  private let state = Mutex<(place: Int, value: Value)?>(nil)

  var value: Value? { state.withLock { $0?.value } }

  func hasEarlier(than place: Int) -> Bool { state.withLock { ($0?.place ?? .max) < place } }

  func offer(_ value: Value, at place: Int) {
    state.withLock { if place < ($0?.place ?? .max) { $0 = (place, value) } }
  }
}
