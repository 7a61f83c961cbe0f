// swift-tools-version: 6.2
import PackageDescription

// One folder in Sources per example; `make examples` builds and runs them all.
func example(_ name: String, _ products: [String] = ["Clew"]) -> Target {
  .executableTarget(name: name, dependencies: products.map { .product(name: $0, package: "clew") })
}

// One folder in Tests per test library; `make examples` runs them, too.
func testExample(_ name: String) -> Target {
  .testTarget(name: name, dependencies: ["Clew", "GradientTesting"].map { .product(name: $0, package: "clew") })
}

let package = Package(
  name: "clew-examples",
  dependencies: [
    // Named, because a path dependency is otherwise known by the name of its folder.
    .package(name: "clew", path: "..")
  ],
  targets: [
    example("network-gradients"),
    example("quick-start"),
    example("trace-segments"),
    example("gradient-check", ["Clew", "GradientTesting"]),
    testExample("SwiftTestingExample"),
    testExample("XCTestExample"),
  ]
)
