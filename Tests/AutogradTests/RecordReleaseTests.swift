import Autograd
import Synchronization
import Testing

/// A record that nobody else holds is freed behind the walk; one that somebody holds stays, and can be asked again.
@Suite struct RecordReleaseTests {
  /// Lives as long as the node of its operation.
  private final class Life: Sendable {
    let count: Counts
    init(_ count: Counts) {
      self.count = count
      count.living.wrappingAdd(1, ordering: .relaxed)
    }
    deinit { count.living.wrappingSubtract(1, ordering: .relaxed) }
  }

  private final class Counts: Sendable {
    let living = Atomic<Int>(0)
    /// How many nodes lived when each one's derivative was asked for.
    let seen = Mutex<[Int]>([])
  }

  /// y = 3x, and a record of who is alive.
  private struct Witness: Primitive {
    static let name = "Witness"
    let life: Life
    func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { inputs }
    func forward(_ inputs: consuming [NDArray]) throws(TensorError) -> [NDArray] { [inputs[0].affine(scale: 3, shift: 0)] }
    func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
      life.count.seen.withLock { $0.append(life.count.living.load(ordering: .relaxed)) }
      return [pullback.cotangent * 3]
    }
    func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] { [pushforward.tangent * 3] }
    static let samples: [Sample] = []
    static let errorSamples: [ErrorSample] = []
  }

  private func chain(_ x: Tensor, _ counts: Counts, length: Int = 8) throws -> Tensor {
    var y = x
    for _ in 0..<length { y = try Witness(life: Life(counts)).apply([y])[0] }
    return y.sum()
  }

  @Test func transformsFreeTheRecordOnTheWay() throws {
    let counts = Counts()
    let slope = try gradient(at: Tensor([1, 2])) { try chain($0, counts) }
    #expect(slope.doubles == [6561, 6561])
    #expect(counts.seen.withLock { $0 } == [8, 7, 6, 5, 4, 3, 2, 1])
    #expect(counts.living.load(ordering: .relaxed) == 0)
  }

  @Test func whoGivesUpItsValueFreesTheRecordToo() throws {
    let counts = Counts()
    let x = Tensor([1, 2]).recorded()
    let y = try chain(x, counts)
    #expect(try (consume y).gradient(for: x).doubles == [6561, 6561])
    #expect(counts.seen.withLock { $0 } == [8, 7, 6, 5, 4, 3, 2, 1])
  }

  @Test func aRecordThatIsHeldStays() throws {
    let counts = Counts()
    let x = Tensor([1, 2]).recorded()
    let y = try chain(x, counts)
    for _ in 0..<2 { #expect(try y.gradient(for: x).doubles == [6561, 6561]) }
    let several = try gradients(of: y, for: [x], cotangents: [Tensor(repeating: 1, shape: []), Tensor(repeating: 2, shape: [])])
    #expect(several.map { $0[0].doubles } == [[6561, 6561], [13122, 13122]])
    #expect(counts.seen.withLock { $0 } == Array(repeating: 8, count: 32))
    #expect(y.scalar == 19683)
  }

  /// What somebody else computed from a part of the record keeps that part.
  @Test func whatIsSharedStays() throws {
    let counts = Counts()
    var inner: Tensor?
    let slope = try gradient(at: Tensor([1, 2])) { x in
      let middle = try chain(x, counts, length: 3)
      inner = middle
      return try chain(middle, counts, length: 2)
    }
    #expect(slope.doubles == [243, 243])
    #expect(counts.seen.withLock { $0 } == [5, 4, 3, 3, 3])
    #expect(inner?.isRecorded == true)
  }
}
