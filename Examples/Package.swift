// swift-tools-version: 6.2
import PackageDescription

// One folder in Sources per example, listed by its name; `make examples` builds and runs them all.
let examples = ["values"]

let package = Package(
  name: "clew-examples",
  dependencies: [
    // Named, because a path dependency is otherwise known by the name of its folder.
    .package(name: "clew", path: "..")
  ],
  targets: examples.map { name in
    .executableTarget(name: name, dependencies: [.product(name: "Clew", package: "clew")])
  }
)
