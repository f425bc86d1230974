// swift-tools-version: 6.2
import PackageDescription

// A separate package, because the fuzzer links the toolchain's libFuzzer, which nothing else needs.
// Tests/Fuzzing/run.sh builds it with instrumentation in every module.
//
// A package's identity is the last component of its path. `colonnade` here is a link to the repository, whose own directory may have
// any name. If that name were this package's, "fuzzing", SwiftPM would take the two for one package.
let package = Package(
    name: "fuzzing",
    dependencies: [.package(path: "colonnade")],
    targets: [
        .systemLibrary(name: "CLibFuzzer"),
        .executableTarget(
            name: "fuzz", dependencies: ["CLibFuzzer", .product(name: "FuzzTargets", package: "colonnade")],
            swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
