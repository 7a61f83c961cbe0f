import Foundation
import TensorCore
import Testing

/// The options of `clew trace` that choose the affinity, its memory, and what is cut.
@Suite struct NCutOptionTests {
  private typealias Object = [String: Any]

  private func json(_ arguments: [String], in folder: Folder) throws -> Object {
    let result = try Clew.run(["trace", "features.npy", "--json"] + arguments, in: folder)
    #expect(result.status == 0 && !result.wasKilled, "\(result.error)")
    return try #require(try JSONSerialization.jsonObject(with: result.output) as? Object)
  }

  private func numbers(_ document: Object, _ key: String) -> [Double] {
    (document["segments"] as? [Object] ?? []).flatMap { segment in
      (segment["channels"] as? [Object] ?? []).map { $0[key] as? Double ?? .nan }
    }
  }

  @Test(arguments: ["gaussian", "cosine"])
  func tilesGiveTheNumbersOfTheStoredAffinity(_ affinity: String) throws {
    let folder = try Folder()
    try folder.save(groups([10, 60, 5]))
    let options = ["--segments", "3", "--affinity", affinity]
    let (stored, tiles) = (
      try json(options + ["--memory", "1GB"], in: folder), try json(options + ["--memory", "1kB"], in: folder)
    )
    #expect(stored["regime"] as? String == "stored" && tiles["regime"] as? String == "tiles")
    #expect(stored["affinity"] as? String == affinity && tiles["affinity"] as? String == affinity)
    #expect(stored["assignment"] as? [Int] == tiles["assignment"] as? [Int])
    let (a, b) = (numbers(tiles, "meanSigned"), numbers(stored, "meanSigned"))
    let scale = b.map(abs).max() ?? 0
    #expect(scale > 0 && a.count == 15)
    for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-4 * scale) }
    let table = try Clew.run(["trace", "features.npy", "--memory", "0"] + options, in: folder).text
    #expect(table.contains("\(affinity) affinity (tiles)"))
  }

  @Test func tilesGiveTheSameBytesAtAnyNumberOfThreads() throws {
    let folder = try Folder()
    try folder.save(groups([1100, 5]))
    let runs = try ["1", "2", "3"].map { threads in
      try Clew.run(
        ["trace", "features.npy", "--json", "--segments", "3", "--memory", "0", "--sigma-gradient", "--threads", threads],
        in: folder)
    }
    for run in runs {
      #expect(run.status == 0, "\(run.error)")
      #expect(try withoutProvenance(run.output) == withoutProvenance(runs[0].output))
    }
  }

  @Test func aMovingMedianIsNotHeldFixed() throws {
    let folder = try Folder()
    try folder.save(groups([40, 4]))
    let (fixed, moving) = (
      try json(["--segments", "3"], in: folder), try json(["--segments", "3", "--sigma-gradient"], in: folder)
    )
    #expect(fixed["heldFixed"] as? [String] == ["sigma", "assignment"])
    #expect(moving["heldFixed"] as? [String] == ["assignment"])
    #expect(fixed["sigma"] as? Double == moving["sigma"] as? Double)
    #expect(numbers(fixed, "meanAbsolute") != numbers(moving, "meanAbsolute"))
    func widthGradients(_ document: Object) -> [Double] {
      (document["segments"] as? [Object] ?? []).compactMap { $0["sigmaGradient"] as? Double }
    }
    #expect(widthGradients(fixed).isEmpty)
    #expect(widthGradients(moving).count == 3 && widthGradients(moving).allSatisfy { $0 != 0 })
  }

  @Test func theNumberOfSegmentsIsChosenByTheGap() throws {
    let folder = try Folder()
    try folder.save(groups([60, 4], groups: 5, seed: 3))
    let document = try json(["--segments", "auto", "--sigma", "0.7"], in: folder)
    let choice = try #require(document["segmentChoice"] as? Object)
    #expect(choice["segments"] as? Int == 5 && choice["from"] as? Int == 2 && choice["to"] as? Int == 20)
    #expect(choice["rule"] as? String == "eigengap")
    #expect((document["segments"] as? [Object])?.count == 5)
    let (gap, found) = (try #require(choice["gap"] as? Double), try #require(document["spectralGap"] as? Double))
    #expect(abs(gap - found) < 1e-6)
    let few = try json(["--segments", "auto", "--max-segments", "3", "--sigma", "0.7"], in: folder)
    #expect((few["segmentChoice"] as? Object)?["to"] as? Int == 3)
    #expect(try json(["--segments", "5", "--sigma", "0.7"], in: folder)["segmentChoice"] == nil)
    let table = try Clew.run(["trace", "features.npy", "--segments", "auto", "--sigma", "0.7"], in: folder).text
    #expect(table.contains("5 segments by the widest gap"))
  }

  @Test func separatePicturesAreTheSameAsEachAlone() throws {
    let folder = try Folder()
    let batch = groups([2, 6, 7, 4])
    try folder.save(batch)
    let document = try json(["--segments", "3", "--separate", "--output", "out"], in: folder)
    let pictures = try #require(document["pictures"] as? [Object])
    #expect(pictures.count == 2 && document["provenance"] is Object && document["shape"] as? [Int] == [2, 6, 7, 4])
    for index in 0..<2 {
      let values = Array(batch.doubles[index * 168..<(index + 1) * 168]).map { Float($0) }
      try folder.save(NDArray(values, shape: [6, 7, 4]))
      var alone = try json(["--segments", "3"], in: folder)
      alone["provenance"] = nil
      #expect(NSDictionary(dictionary: pictures[index]) == NSDictionary(dictionary: alone))
      #expect(FileManager.default.fileExists(atPath: folder.path("out/picture-\(index)/segmentation.png")))
      #expect(FileManager.default.fileExists(atPath: folder.path("out/picture-\(index)/channel-scores.csv")))
    }
  }

  @Test func aBatchAsAWholeSaysWhatIsInEachPicture() throws {
    let folder = try Folder()
    try folder.save(groups([3, 4, 5, 4]))
    let document = try json(["--segments", "3"], in: folder)
    let pictures = try #require(document["pictures"] as? [Object])
    let assignment = try #require(document["assignment"] as? [Int])
    #expect(pictures.count == 3)
    for (index, picture) in pictures.enumerated() {
      let parts = try #require(picture["segments"] as? [Object])
      let own = assignment[index * 20..<(index + 1) * 20]
      #expect(parts.map { $0["size"] as? Int } == (0..<3).map { id in own.count { $0 == id } })
    }
    try folder.save(groups([4, 5, 4]))
    #expect(try json(["--segments", "3"], in: folder)["pictures"] == nil)
  }

  @Test(arguments: [[], ["--memory", "0"], ["--affinity", "cosine"], ["--precision", "float64"]])
  func otherFeaturesArePlacedInTheSegments(_ options: [String]) throws {
    let folder = try Folder()
    let all = groups([3, 40, 5], groups: 3, seed: 4)
    try folder.save(all.sliced(axis: 1, start: 0, count: 30))
    try folder.save(all.sliced(axis: 1, start: 30, count: 10), "others.npy")
    let arguments = ["--segments", "3", "--assign", "others.npy"] + options
    let document = try json(arguments, in: folder)
    let placed = try #require(document["placed"] as? Object)
    let assignment = try #require(document["assignment"] as? [Int])
    #expect(placed["shape"] as? [Int] == [3, 10, 5] && placed["input"] as? String == "others.npy")
    // Every row of the array is a group of its own.
    #expect(placed["assignment"] as? [Int] == (0..<3).flatMap { [Int](repeating: assignment[$0 * 30], count: 10) })
    #expect((placed["degrees"] as? [Double])?.allSatisfy { $0 > 0 } == true)
    let table = try Clew.run(["trace", "features.npy"] + arguments, in: folder).text
    #expect(table.contains("30 nodes of others.npy placed in segments 0: 10, 1: 10, 2: 10"))
  }

  @Test func whatIsFarFromEveryNodeHasNoSegment() throws {
    let folder = try Folder()
    try folder.save(groups([30, 2]))
    try folder.save(NDArray([0, 0, 1e9, 1e9] as [Float], shape: [2, 2]), "others.npy")
    let document = try json(["--segments", "2", "--assign", "others.npy"], in: folder)
    let assignment = try #require((document["placed"] as? Object)?["assignment"] as? [Any])
    #expect(assignment.count == 2 && assignment[0] is Int && assignment[1] is NSNull)
    let warnings = try #require(document["warnings"] as? [String])
    #expect(warnings.contains { $0.contains("others.npy: 1 of 2 nodes have no affinity") })
  }

  @Test func aCertificateComesWithTheResult() throws {
    let folder = try Folder()
    try folder.save(groups([40, 4]))
    let document = try json(["--segments", "3"], in: folder)
    let certificate = try #require(document["certificate"] as? Object)
    let (gap, width) = (try #require(certificate["gap"] as? Double), try #require(document["spectralGap"] as? Double))
    let angle = try #require(certificate["subspaceAngle"] as? Double)
    #expect(gap > 0.9 * width && gap <= width && angle > 0 && angle < 1e-3 && certificate["reason"] is NSNull)
    let segments = try #require(certificate["segments"] as? [Object])
    #expect(segments.map { $0["id"] as? Int } == [0, 1, 2])
    for channels in segments.map({ $0["channels"] as? [Object] ?? [] }) {
      #expect(channels.map { $0["index"] as? Int } == [0, 1, 2, 3])
      let kinds = ["distinctiveness", "meanSigned", "meanAbsolute", "rootMeanSquare"]
      for kind in kinds + ["gradientTimesInput", "gradientTimesContrast"] {
        #expect(channels.allSatisfy { ($0[kind] as? Double ?? -1) > 0 }, "\(kind)")
      }
    }
    let table = try Clew.run(["trace", "features.npy", "--segments", "3"], in: folder).text
    #expect(table.contains("certified: gap at least") && table.contains("largest error of distinctiveness"))
  }

  @Test func withoutABoundThereIsAReason() throws {
    let folder = try Folder()
    try folder.save(groups([40, 4]))
    let document = try json(["--segments", "3", "--sigma-gradient"], in: folder)
    let certificate = try #require(document["certificate"] as? Object)
    let segments = try #require(certificate["segments"] as? [Object])
    #expect(certificate["subspaceAngle"] is Double && segments.allSatisfy { $0["channels"] is NSNull })
    let reason = try #require(certificate["reason"] as? String)
    #expect((document["warnings"] as? [String])?.contains { $0.contains(reason) } == true)
  }

  static let refusals: [([String], [String])] = [
    (["--memory", "lots"], ["--memory", "'lots'", "4GB"]), (["--memory", "120%"], ["'120%'"]),
    (["--sigma-gradient", "--sigma", "1"], ["--sigma-gradient", "--sigma"]),
    (["--separate"], ["--separate", "[12, 3]", "[pictures, height, width, channels]"]),
    (["--segments", "auto", "--max-segments", "1"], ["--max-segments", "at least 2"]),
    (["--assign", "wide.npy"], ["--assign", "4 channels", "wide.npy", "expected 3"]), (["--assign", "none.npy"], ["none.npy"]),
  ]

  @Test(arguments: refusals)
  func whatCannotBeUsedIsRefusedInOneLine(_ arguments: [String], _ says: [String]) throws {
    let folder = try Folder()
    try folder.save(groups([12, 3]))
    try folder.save(groups([6, 4]), "wide.npy")
    let segments = arguments.contains("--segments") ? [] : ["--segments", "3"]
    let result = try Clew.run(["trace", "features.npy"] + segments + arguments, in: folder)
    #expect(result.status == 2 && result.output.isEmpty && result.complaints.count == 1, "\(result.error)")
    for text in ["found", "expected"] + says { #expect(result.error.contains(text), "\(result.error)") }
    for option in [["--affinity", "euclid"], ["--segments", "many"]] {
      let rest = option[0] == "--segments" ? option : ["--segments", "3"] + option
      #expect(try Clew.run(["trace", "features.npy"] + rest, in: folder).status == 64)
    }
  }
}
