import Foundation
import Testing

/// The rules of the house that a compiler does not check.
struct HouseTests {
  let manifest: Manifest

  init() throws { manifest = Manifest(try Repository.text("Package.swift")) }

  @Test func everyFolderOfSourcesIsATarget() throws {
    let targets = manifest.targets.filter { $0.kind != .test }.map(\.name)
    #expect(try Repository.folders(in: "Sources") == targets.sorted())
    let tests = manifest.targets.filter { $0.kind == .test }.map(\.name)
    #expect(try Repository.folders(in: "Tests") == tests.sorted())
  }

  @Test func aTargetDependsOnlyOnTargetsAboveIt() {
    var above: Set<String> = []
    for target in manifest.targets {
      for dependency in target.dependencies where manifest.target(dependency) != nil {
        #expect(above.contains(dependency), "\(target.name) depends on \(dependency), which stands below it")
      }
      above.insert(target.name)
    }
  }

  @Test func aTargetImportsOnlyWhatItDependsOn() throws {
    for target in manifest.targets where target.kind != .system {
      let folder = (target.kind == .test ? "Tests/" : "Sources/") + target.name
      let reachable = manifest.closure(of: target.name)
      for file in Repository.files(under: folder) where file.hasSuffix(".swift") {
        for module in Repository.imports(in: try Repository.text(file)) {
          guard let imported = manifest.target(module) else { continue }
          // C is reached only where the manifest says so; Swift modules come with what they stand on.
          let isC = imported.kind == .system || module.hasPrefix("C") && module != "Clew"
          let allowed = isC ? target.dependencies.contains(module) : reachable.contains(module)
          #expect(allowed, "\(file) imports \(module), which Package.swift does not give to \(target.name)")
        }
      }
    }
  }

  @Test func everyLibrarySaysWhatBelongsInIt() throws {
    for target in manifest.targets where target.kind == .source {
      let files = Repository.files(under: "Sources/\(target.name)")
      guard files.contains(where: { $0.hasSuffix(".swift") }), target.name != "clew-cli" else { continue }
      let page = "Sources/\(target.name)/\(target.name).docc/\(target.name).md"
      #expect(files.contains(page), "\(page) is missing")
      let text = try Repository.text(page)
      #expect(text.hasPrefix("# ``\(target.name)``\n"), "\(page) is not the page of its module")
      // A sentence of summary and a paragraph, not a heading alone.
      let overview = text.range(of: "## Overview\n\n").map { text[$0.upperBound...].prefix { $0 != "\n" } } ?? ""
      #expect(overview.count > 80, "\(page) does not say what belongs in \(target.name)")
    }
  }

  /// They would bar the package from being anyone's dependency.
  @Test func nothingUsesUnsafeFlags() throws {
    let forbidden = Data(("unsafe" + "Flags").utf8)
    let files = Repository.files()
    #expect(files.contains("Package.swift"))
    for file in files {
      let data = try Data(contentsOf: Repository.root.appending(path: file), options: .mappedIfSafe)
      #expect(data.range(of: forbidden) == nil, "\(file) contains \(String(decoding: forbidden, as: UTF8.self))")
    }
  }

  /// Code that nobody compiles stops being true.
  @Test func theCodeInTheDocumentsIsThatOfFiles() throws {
    let readme = Repository.swiftCode(in: try Repository.text("README.md"))
    #expect(readme == [try Repository.text("Examples/Sources/quick-start/main.swift")])
    let contributing = Repository.swiftCode(in: try Repository.text("CONTRIBUTING.md"))
    #expect(contributing == [try Repository.text("Sources/Autograd/Primitives/Elementwise/Exp.swift")])
  }

  @Test func debianPackagesOfTheManifestAreInTheList() throws {
    let list = try Repository.text("Packages.txt").split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    #expect(!manifest.debianPackages.isEmpty)
    for package in manifest.debianPackages {
      #expect(list.contains(package), "Packages.txt lacks \(package), which Package.swift asks for")
    }
  }
}

/// The reader of `Package.swift` itself: a rule checked against nothing would always hold.
struct ManifestTests {
  let manifest = Manifest(
    """
    func library(_ name: String) -> Target { .target(name: name) }
    let package = Package(
      targets: [
        .target(name: "CKernels", cSettings: cSettings),
        .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev", "other"])]),
        library("Core", ["CKernels"]),
        library("Top", ["Core"]),
        .executableTarget(
          name: "tool",
          dependencies: [
            "Top", .product(name: "ArgumentParser", package: "swift-argument-parser"),
          ]),
        test("TopTests", ["Top"], resources: [.copy("Goldens")]),
      ]
    )
    """)

  @Test func targetsAndDependencies() {
    #expect(manifest.targets.map(\.name) == ["CKernels", "CZip", "Core", "Top", "tool", "TopTests"])
    #expect(manifest.targets.map(\.kind) == [.source, .system, .source, .source, .source, .test])
    #expect(
      manifest.targets.map(\.dependencies) == [[], [], ["CKernels"], ["Core"], ["Top", "ArgumentParser"], ["Top"]])
    #expect(manifest.closure(of: "tool") == ["Top", "Core", "CKernels", "ArgumentParser"])
    #expect(manifest.debianPackages == ["libzip-dev", "other"])
  }

  @Test func imports() {
    let text = """
      import Foundation
      @testable import Core
      @_exported public import Top
      import struct Core.Thing
      // import Comment
      let important = 1
      """
    #expect(Repository.imports(in: text) == ["Foundation", "Core", "Top", "Core"])
  }
}
