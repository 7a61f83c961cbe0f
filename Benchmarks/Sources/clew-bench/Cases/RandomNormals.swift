import TensorCore

extension Cases {
  /// Standard normals, one after another: the source that seeds everything else.
  static let randomNormals = Benchmark(name: "random-normals", summary: "seeded standard normals, float64, one thread") { input in
    {
      var source = RandomSource(seed: 1)
      return ["last": source.normals(input.count).last ?? 0]
    }
  }
}
