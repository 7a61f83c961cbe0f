import Foundation
import TensorCore
import Testing

/// `clew trace --sample`: cuts that are extended from some of the nodes.
@Suite struct NystromOptionTests {
  private typealias Object = [String: Any]

  private func json(_ arguments: [String], in folder: Folder) throws -> Object {
    let result = try Clew.run(["trace", "features.npy", "--json"] + arguments, in: folder)
    #expect(result.status == 0 && !result.wasKilled, "\(result.error)")
    return try #require(try JSONSerialization.jsonObject(with: result.output) as? Object)
  }

  @Test(arguments: [[], ["--affinity", "cosine"], ["--sigma-gradient"], ["--rotation", "frozen"], ["--precision", "float64"]])
  func theSampleIsInTheResult(_ options: [String]) throws {
    let folder = try Folder()
    try folder.save(groups([40, 30, 5]))
    let document = try json(["--segments", "3", "--sample", "200", "--seed", "7"] + options, in: folder)
    #expect(document["regime"] as? String == "nystrom")
    let sample = try #require(document["sample"] as? Object)
    let nodes = try #require(sample["nodes"] as? [Int])
    #expect(sample["count"] as? Int == 200 && sample["seed"] as? Int == 7 && sample["unreached"] as? Int == 0)
    #expect(nodes.count == 200 && nodes == Array(Set(nodes)).sorted() && nodes.allSatisfy { (0..<1200).contains($0) })
    let error = try #require(sample["subspaceErrorEstimate"] as? Double)
    #expect(error > 0 && sample["standardError"] as? Double ?? 0 > 0 && sample["estimatedAt"] as? Int == 512)
    let certificate = try #require(document["certificate"] as? Object)
    #expect(certificate["gap"] is NSNull && certificate["subspaceAngle"] is NSNull)
    #expect((certificate["reason"] as? String)?.contains("a sample of 200 nodes") == true)
    #expect((certificate["segments"] as? [Object])?.allSatisfy { $0["channels"] is NSNull } == true)
    #expect((document["assignment"] as? [Int])?.count == 1200)
    let channels = (document["segments"] as? [Object] ?? []).flatMap { $0["channels"] as? [Object] ?? [] }
    #expect(channels.count == 15 && channels.allSatisfy { $0["meanAbsolute"] as? Double ?? 0 > 0 })
    // Another seed, another sample; none without being asked for.
    let other = try json(["--segments", "3", "--sample", "200", "--seed", "8"] + options, in: folder)
    #expect((other["sample"] as? Object)?["nodes"] as? [Int] != nodes)
    #expect(try json(["--segments", "3"] + options, in: folder)["sample"] == nil)
  }

  @Test func theTableSaysWhatIsEstimated() throws {
    let folder = try Folder()
    try folder.save(groups([700, 5]))
    let table = try Clew.run(["trace", "features.npy", "--segments", "3", "--sample", "100"], in: folder).text
    #expect(table.contains("gaussian affinity (nystrom)") && table.contains("eigenvalues of the sample"))
    #expect(table.contains("extended from 100 nodes (Nystrom); subspace error ") && table.contains("estimated at 512 nodes"))
    #expect(table.contains("not certified") && !table.contains("certified: gap"))
  }

  @Test func aSampleOfAllNodesIsTheExactCut() throws {
    let folder = try Folder()
    try folder.save(groups([200, 4]))
    let options = ["--segments", "3", "--precision", "float64"]
    let (exact, sampled) = (try json(options, in: folder), try json(options + ["--sample", "200"], in: folder))
    #expect(exact["assignment"] as? [Int] == sampled["assignment"] as? [Int])
    func scores(_ document: Object) -> [Double] {
      (document["segments"] as? [Object] ?? []).flatMap { segment in
        (segment["channels"] as? [Object] ?? []).map { $0["distinctiveness"] as? Double ?? .nan }
      }
    }
    let (a, b) = (scores(sampled), scores(exact))
    let scale = b.map(abs).max() ?? 0
    #expect(scale > 0 && a.count == 12)
    for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-8 * scale) }
  }

  @Test func bytesDoNotDependOnThreads() throws {
    let folder = try Folder()
    try folder.save(groups([1100, 5]))
    let runs = try ["1", "2", "3"].map { threads in
      try Clew.run(
        ["trace", "features.npy", "--json", "--segments", "3", "--sample", "300", "--sigma-gradient", "--threads", threads],
        in: folder)
    }
    for run in runs {
      #expect(run.status == 0, "\(run.error)")
      #expect(try withoutProvenance(run.output) == withoutProvenance(runs[0].output))
    }
  }

  @Test func otherFeaturesArePlacedAndPicturesAreSampledEach() throws {
    let folder = try Folder()
    let all = groups([3, 80, 5], groups: 3, seed: 4)
    try folder.save(all.sliced(axis: 1, start: 0, count: 60))
    try folder.save(all.sliced(axis: 1, start: 60, count: 20), "others.npy")
    let document = try json(["--segments", "3", "--sample", "60", "--assign", "others.npy"], in: folder)
    let assignment = try #require(document["assignment"] as? [Int])
    let placed = (document["placed"] as? Object)?["assignment"] as? [Int]
    #expect(placed == (0..<3).flatMap { [Int](repeating: assignment[$0 * 60], count: 20) })
    try folder.save(groups([2, 9, 10, 4]))
    let pictures = try #require(
      try json(["--segments", "3", "--separate", "--sample", "40"], in: folder)["pictures"] as? [Object])
    #expect(pictures.count == 2 && pictures.allSatisfy { ($0["sample"] as? Object)?["count"] as? Int == 40 })
    let whole = try json(["--segments", "auto", "--sample", "50"], in: folder)
    #expect((whole["pictures"] as? [Object])?.count == 2 && (whole["sample"] as? Object)?["count"] as? Int == 50)
  }

  @Test(arguments: [
    (["--segments", "3", "--sample", "3"], "expected from 4"), (["--segments", "3", "--sample", "13"], "to 12"),
    (["--segments", "3", "--sample", "-2"], "found -2"), (["--segments", "auto", "--sample", "2"], "expected from 3"),
    (["--segments", "12", "--sample", "12"], "expected at least 13"),
  ])
  func samplesThatCannotBeUsedAreRefusedInOneLine(_ arguments: [String], _ says: String) throws {
    let folder = try Folder()
    try folder.save(groups([12, 3]))
    let result = try Clew.run(["trace", "features.npy"] + arguments, in: folder)
    #expect(result.status == 2 && result.output.isEmpty && result.complaints.count == 1, "\(result.error)")
    for text in ["--sample", "found", "expected", says] { #expect(result.error.contains(text), "\(result.error)") }
    #expect(try Clew.run(["trace", "features.npy", "--segments", "3", "--sample", "many"], in: folder).status == 64)
  }

  @Test func anEigenvalueWithoutExtensionIsAFailure() throws {
    let folder = try Folder()
    try folder.save(NDArray((0..<40).map { Float($0 < 20 ? 0 : 3) }, shape: [40, 1]))
    let result = try Clew.run(["trace", "features.npy", "--segments", "3", "--sigma", "1", "--sample", "20"], in: folder)
    #expect(result.status == 1 && result.error.contains("eigenvalue 3 of the sample"), "\(result.error)")
  }
}
