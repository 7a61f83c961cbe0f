// swift-tools-version: 6.2
import PackageDescription

// `CLEW_STRICT=1` (set by `make check` and CI) turns warnings into errors. It is not the default, so that
// a newer compiler with a new warning does not stop anyone from building.
let strict = Context.environment["CLEW_STRICT"] == "1"
let swiftSettings: [SwiftSetting] = strict ? [.treatAllWarnings(as: .error)] : []
let cSettings: [CSetting] = strict ? [.treatAllWarnings(as: .error)] : []

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}
func test(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

// A target may use only targets above it: data flows one way (checked by `HouseTests`).
let package = Package(
  name: "clew",
  products: [
    .library(name: "Clew", targets: ["Clew"]),
    .library(name: "GradientTesting", targets: ["GradientTesting"]),
    .executable(name: "clew", targets: ["clew-cli"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
  ],
  targets: [
    .target(name: "CKernels", cSettings: cSettings),
    .target(
      name: "CImage", cSettings: cSettings,
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("turbojpeg"), .linkedLibrary("tiff")]),
    .target(name: "COneDNN", dependencies: ["CKernels"], cSettings: cSettings, linkerSettings: [.linkedLibrary("dnnl")]),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev", "liblapacke-dev"])]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .target(name: "CHDF5Worker", dependencies: ["CHDF5"], cSettings: cSettings),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

    library("TensorCore", ["CKernels", "COneDNN", "COpenBLAS"]),
    library("Autograd", ["TensorCore", "CKernels"]),
    library("GradientTesting", ["TensorCore", "Autograd"]),
    library("SpectralClustering", ["Autograd", "CKernels", "COpenBLAS"]),
    library(
      "Formats",
      ["TensorCore", "CZip", "CImage", "CHDF5Worker", .product(name: "SwiftProtobuf", package: "swift-protobuf")]),
    library("Features", ["Autograd", "Formats"]),
    library("Networks", ["Autograd", "Formats", "COneDNN"]),
    library("Statistics", ["TensorCore"]),
    library("Attribution", ["CKernels", "SpectralClustering", "Features", "Formats", "Networks", "Statistics"]),
    library("Figures", ["TensorCore", "CImage"]),
    library(
      "Clew",
      [
        "TensorCore", "Autograd", "SpectralClustering", "Formats", "Features", "Networks", "Statistics", "Attribution",
        "Figures",
      ]),
    .executableTarget(
      name: "clew-cli",
      dependencies: [
        "Clew", "COpenSSL",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),

    test("TensorCoreTests", ["TensorCore", "CKernels"]),
    test("AutogradTests", ["CKernels", "Autograd", "GradientTesting"]),
    test(
      "SpectralClusteringTests", ["SpectralClustering", "GradientTesting", "Formats"], resources: [.copy("Fixtures")]),
    test("FormatsTests", ["Formats", "TensorCore"], resources: [.copy("Fixtures")]),
    test("FiguresTests", ["Figures", "TensorCore"]),
    test("FeaturesTests", ["Features", "TensorCore"]),
    test("StatisticsTests", ["Statistics"], resources: [.copy("Fixtures")]),
    test("NetworksTests", ["Networks", "GradientTesting"], resources: [.copy("Fixtures")]),
    test("AttributionTests", ["Attribution"], resources: [.copy("Fixtures")]),
    test("CommandTests", ["clew-cli", "Formats", "Attribution"], resources: [.copy("Fixtures")]),
    test("HouseTests", []),
  ]
)
