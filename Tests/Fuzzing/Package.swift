// swift-tools-version: 6.2
import PackageDescription

// A package of its own: the fuzzer links the toolchain's libFuzzer, which nothing else of the product needs.
// Tests/Fuzzing/run.sh builds it with the instrumentation, which goes to every module.
//
// A package's identity is the last name of its path. `colonnade` here is a link to the repository, whose own directory may have
// any name: where that was this one's, "fuzzing", the two were taken for one package.
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
