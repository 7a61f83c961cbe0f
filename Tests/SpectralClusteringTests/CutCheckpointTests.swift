import Foundation
import Synchronization
import Testing

@testable import SpectralClustering

/// A cut that is interrupted and goes on ends with the bytes of one that is not, and no file makes it end with others.
@Suite struct CutCheckpointTests {
  /// A file that is removed with its last user.
  final class Scratch {
    let path = FileManager.default.temporaryDirectory.appending(path: "clew-\(UUID().uuidString).checkpoint").path
    deinit { try? FileManager.default.removeItem(atPath: path) }
    var bytes: [UInt8] {
      get throws { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }
    }
    func write(_ bytes: some Sequence<UInt8>) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
  }

  /// A whole trace, with everything that takes passes.
  struct Run {
    var features = clustered(nodes: 640, channels: 5, clusters: 3, noise: 0.8)
    var segments = SegmentCount.fixed(3)
    var kernel = AffinityKernel.gaussian
    var rule = WidthRule.moving
    var width = AffinityWidth.medianDistance
    var regime = AffinityRegime.tiles
    var precision = DType.float32
    var rotation = RotationRule.procrustes

    /// Everything that came out.
    func outcome(_ checkpoint: CutCheckpoint? = nil) throws -> [Double] {
      let options = AffinityOptions(
        kernel: kernel, width: width, widthRule: rule, regime: regime, checkpoint: checkpoint)
      let cut = try NormalizedCut(features, segments: segments, precision: precision, options)
      let partition = try KWayCut(cut, rule: rotation)
      let gradients = try partition.segmentGradients()
      let placed = try partition.placing(features.sliced(axis: 0, start: 3, count: 20))
      return cut.eigenvalues + cut.eigenvectors.doubles + [cut.sigma] + cut.residuals + partition.scoreValues.doubles
        + gradients.values.doubles + gradients.residuals + (gradients.widthGradients ?? []) + placed.degrees
        + placed.scores.doubles
    }
  }

  static let runs = [
    Run(), Run(regime: .stored, precision: .float64), Run(segments: .automatic(upTo: 6), kernel: .cosine),
    Run(rule: .frozen, precision: .float64, rotation: .frozen),
  ]

  @Test(arguments: runs.indices) func readsWhatItKept(_ index: Int) throws {
    let (run, scratch) = (Self.runs[index], Scratch())
    let truth = try run.outcome()
    let first = try CutCheckpoint(path: scratch.path)
    #expect(first.passesFound == 0)
    #expect(try run.outcome(first) == truth)
    let bytes = try scratch.bytes
    // Nothing is computed again, and nothing written.
    let second = try CutCheckpoint(path: scratch.path)
    #expect(second.passesFound == first.passes)
    #expect(second.passesFound > 10)
    #expect(second.regime == run.regime)
    #expect(try run.outcome(second) == truth)
    #expect(try scratch.bytes == bytes)
    second.remove()
    #expect(!FileManager.default.fileExists(atPath: scratch.path))
  }

  /// Ended while any of its records was being written: what is there is used, and the rest is the same again.
  @Test func goesOnFromAnyPlace() throws {
    let (run, scratch) = (Run(), Scratch())
    let truth = try run.outcome()
    _ = try run.outcome(CutCheckpoint(path: scratch.path))
    let whole = try scratch.bytes
    var random = RandomSource(seed: 5)
    var found: Set<Int> = []
    for _ in 0..<50 {
      try scratch.write(whole.prefix(16 + Int(random.uniform() * Double(whole.count - 16))))
      let checkpoint = try CutCheckpoint(path: scratch.path)
      found.insert(checkpoint.passesFound)
      #expect(try run.outcome(checkpoint) == truth)
      #expect(try scratch.bytes == whole)
    }
    #expect(found.count > 5, "\(found)")
  }

  @Test func aDamagedFileIsRefusedOrMakesNoDifference() throws {
    let (run, scratch) = (Run(), Scratch())
    let truth = try run.outcome()
    _ = try run.outcome(CutCheckpoint(path: scratch.path))
    let whole = try scratch.bytes
    var random = RandomSource(seed: 6)
    var (refused, used) = (0, 0)
    for attempt in 0..<200 {
      var bytes = whole
      // Half of them in the heads of the file and of its first records, where there is more to go wrong.
      let place = Int(random.uniform() * Double(attempt % 2 == 0 ? whole.count : 400))
      bytes[place] ^= UInt8(1 << Int(random.uniform() * 8))
      try scratch.write(bytes)
      do throws(SpectralError) {
        let checkpoint = try CutCheckpoint(path: scratch.path)
        let result = try? run.outcome(checkpoint)
        #expect(result == truth, "byte \(place)")
        used += 1
      } catch {
        guard case .checkpoint(let message) = error else { throw error }
        #expect(message.hasPrefix(scratch.path) && message.contains("found") && message.contains("expected"), "\(message)")
        #expect(!message.contains("\n"))
        refused += 1
      }
    }
    #expect(refused > 150 && refused + used == 200)
  }

  @Test func anotherRunIsRefused() throws {
    let scratch = Scratch()
    _ = try Run().outcome(CutCheckpoint(path: scratch.path))
    let bytes = try scratch.bytes
    var other = Run().features.doubles
    other[77] += 1e-3
    let changes: [(Run, String)] = [
      (Run(features: NDArray(other, shape: [640, 5])), "features [640, 5]"),
      (Run(features: Run().features.converted(to: .float32)), "float32"), (Run(segments: .fixed(4)), "segments 3"),
      (Run(segments: .automatic(upTo: 3)), "segments auto"), (Run(kernel: .cosine), "affinity cosine"),
      (Run(rule: .frozen), "sigma gradient moving"), (Run(rule: .frozen, width: .value(2)), "sigma 2.0"),
      (Run(regime: .stored), "regime tiles"), (Run(precision: .float64), "precision float64"),
      (Run(rotation: .frozen), "rotation procrustes"),
    ]
    for (run, says) in changes {
      let error = #expect(throws: SpectralError.self) { try run.outcome(CutCheckpoint(path: scratch.path)) }
      guard case .checkpoint(let message)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(message.hasPrefix(scratch.path) && message.contains(says), "\(message)")
      #expect(try scratch.bytes == bytes, "\(says)")
    }
  }

  /// What a pass was given is part of its record: where a run comes to other numbers on the way, it goes on by itself.
  @Test func anOutcomeIsUsedForItsOwnInputOnly() throws {
    let scratch = Scratch()
    func outcomes(_ values: [Double]) throws -> [Double] {
      let checkpoint = try CutCheckpoint(path: scratch.path)
      try checkpoint.begin(RunIdentity([("test", "yes")]))
      return values.map { value in
        var digest = PassDigest()
        digest.add([value.bitPattern])
        return checkpoint.outcome(.product, digest, shape: (1, 1)) { Matrix<Double>(1, 1, [2 * value]) }[0, 0]
      }
    }
    #expect(try outcomes([1, 2, 3]) == [2, 4, 6])
    #expect(try outcomes([1, 5, 3]) == [2, 10, 6])
    // The second one's are there now.
    #expect(try CutCheckpoint(path: scratch.path).passesFound == 3)
    #expect(try outcomes([1, 5, 3]) == [2, 10, 6])
  }

  @Test func severalCutsShareOne() throws {
    let scratch = Scratch()
    let runs = [Run(), Run(features: clustered(nodes: 600, channels: 4, clusters: 2, seed: 9))]
    let truth = try runs.map { try $0.outcome() }
    func all() throws -> [[Double]] {
      let checkpoint = try CutCheckpoint(path: scratch.path)
      return try runs.map { try $0.outcome(checkpoint) }
    }
    #expect(try all() == truth)
    let whole = try scratch.bytes
    for share in [0.3, 0.55, 0.9] {
      try scratch.write(whole.prefix(Int(share * Double(whole.count))))
      #expect(try all() == truth)
      #expect(try scratch.bytes == whole)
    }
  }

  @Test func whatCannotBeACheckpoint() throws {
    let scratch = Scratch()
    func says(_ path: String, _ parts: String...) {
      let error = #expect(throws: SpectralError.self) { try CutCheckpoint(path: path) }
      guard case .checkpoint(let message)? = error else { return }
      for part in parts + [path, "expected"] { #expect(message.contains(part), "\(message)") }
    }
    try scratch.write(Array("some text that is none of ours".utf8))
    says(scratch.path, "no checkpoint")
    #expect(try scratch.bytes.count == 30)
    says("/nowhere/at/all.checkpoint", "No such file")
    says(FileManager.default.temporaryDirectory.path, "directory")
    // An empty file is one that somebody has made for this.
    try scratch.write([])
    let checkpoint = try CutCheckpoint(path: scratch.path)
    #expect(checkpoint.passesFound == 0 && checkpoint.path == scratch.path)
    #expect(throws: SpectralError.self) {
      try Run(kernel: .custom(ComposedAffinity { x, y in exp(matmul(x, y, transposeB: true)) })).outcome(checkpoint)
    }
  }

  @Test func aFileWithoutANameIsKeptWhenAsked() throws {
    let (run, scratch) = (Run(), Scratch())
    let folder = FileManager.default.temporaryDirectory.path
    let checkpoint = try #require(CutCheckpoint(unnamedIn: folder))
    #expect(checkpoint.path == nil)
    let truth = try run.outcome(checkpoint)
    #expect(checkpoint.keep(as: scratch.path))
    #expect(checkpoint.path == scratch.path)
    let kept = try CutCheckpoint(path: scratch.path)
    #expect(kept.passesFound == checkpoint.passes)
    #expect(try run.outcome(kept) == truth)
    // Not over something that is there already.
    let other = try #require(CutCheckpoint(unnamedIn: folder))
    #expect(!other.keep(as: scratch.path))
    #expect(CutCheckpoint(unnamedIn: "/nowhere/at/all") == nil)
  }

  /// As on a file system that has no files without names.
  @Test func aProvisionalNameGoesAway() throws {
    let (scratch, other) = (Scratch(), Scratch())
    let folder = FileManager.default.temporaryDirectory.appending(path: "clew-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
    var file = try #require(CheckpointFile(unnamedIn: folder.path, isNamed: true))
    #expect(try names().count == 1)
    // One at a time.
    #expect(CheckpointFile(unnamedIn: folder.path, isNamed: true) == nil)
    [1.0, 2].withUnsafeBytes {
      file.append(.product, rows: 2, columns: 1, elementSize: 8, input: PassDigest(), $0)
    }
    try other.write([1])
    let (isOver, isKept) = (file.keep(as: other.path), file.keep(as: scratch.path))
    #expect(!isOver && isKept)
    #expect(try names().isEmpty)
    file.finish()
    #expect(try CutCheckpoint(path: scratch.path).passesFound == 1)
    var second = try #require(CheckpointFile(unnamedIn: folder.path, isNamed: true))
    second.finish()
    #expect(try names().isEmpty)
  }

  @Test func passesThatAreReadCountAsPasses() throws {
    let scratch = Scratch()
    func passes(_ checkpoint: CutCheckpoint?) throws -> Int {
      let count = Mutex(0)
      let cut = try NormalizedCut(
        Run().features, segments: 3, memory: MemoryBudget(bytes: 0), checkpoint: checkpoint,
        onPass: { pass in count.withLock { $0 = max($0, pass.number) } })
      _ = try KWayCut(cut).segmentGradients()
      return count.withLock { $0 }
    }
    let expected = try passes(nil)
    let checkpoint = try CutCheckpoint(path: scratch.path)
    #expect(try passes(checkpoint) == expected)
    #expect(checkpoint.passes == expected)
    #expect(try passes(CutCheckpoint(path: scratch.path)) == expected)
  }
}
