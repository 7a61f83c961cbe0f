// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that who uses Clew does not build its benchmarks.
let package = Package(
  name: "clew-benchmarks",
  dependencies: [
    // Named, because a path dependency is otherwise known by the name of its folder.
    .package(name: "clew", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .executableTarget(
      name: "clew-bench",
      dependencies: [
        .product(name: "Clew", package: "clew"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // Which aggregation ranks planted channels first: the numbers of Documentation/Ranking.md.
    .executableTarget(
      name: "ranking-study",
      dependencies: [
        .product(name: "Clew", package: "clew"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // How often targeted ablation and its matched controls are significant: the numbers of Documentation/Shortcuts.md.
    .executableTarget(
      name: "shortcut-study",
      dependencies: [
        .product(name: "Clew", package: "clew"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ]
)
