// swift-tools-version: 6.2
import PackageDescription

// A package of its own: the fuzzer links the toolchain's libFuzzer, which nothing else of the product needs.
// deploy/fuzz.sh builds it with the instrumentation, which goes to every module.
let package = Package(
    name: "fuzzing",
    dependencies: [.package(name: "colonnade", path: "../..")],
    targets: [
        .systemLibrary(name: "CLibFuzzer"),
        .executableTarget(
            name: "fuzz", dependencies: ["CLibFuzzer", .product(name: "FuzzTargets", package: "colonnade")],
            swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
