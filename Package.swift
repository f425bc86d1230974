// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A module of the product: Swift sources under Sources/NAME, nothing imported upward.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

/// The tests of one module, under Tests/NAMETests.
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, resources: resources,
        swiftSettings: swiftSettings)
}

/// A system library: a module map and a shim header. Debian's packages are named by deploy/dependencies.sh.
func system(_ name: String) -> Target { .systemLibrary(name: name, path: "Sources/\(name)") }

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let web = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "colonnade",
    products: [
        .executable(name: "colonnade", targets: ["colonnade"]),
        // For the fuzzers in Tests/Fuzzing, a package of their own.
        .library(name: "FuzzTargets", targets: ["FuzzTargets"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    ],
    targets: [
        system("COneDNN"), system("CXXHash"), system("CTurboJPEG"), system("CSTBImage"), system("CYUV"), system("CWebP"),
        system("CZlib"),
        system("CLinux"), system("COpenSSL"),

        // Every module that a target imports is named: one that is reached through another only would not be rebuilt
        // with it.
        module("Platform", ["CLinux"]),
        module("Tensors", ["Platform", "CXXHash"]),
        module("Kernels", ["Tensors", "COneDNN"]),
        module("NeuralNetwork", ["Tensors", "Platform"]),
        module("Partition", ["NeuralNetwork", "Tensors"]),
        module("Prediction", ["Partition", "NeuralNetwork", "Tensors"]),
        module("Datasets", ["Tensors", "Platform", "CTurboJPEG", "CSTBImage", "CYUV", "CWebP", "CZlib"]),
        module("Security", ["Platform", "COpenSSL"]),
        module("Transport", ["Security", "Tensors", "Platform", "CLinux"]),
        .target(
            name: "Protocol", dependencies: ["Transport", "Security", "Partition", "NeuralNetwork", "Platform", protobuf],
            exclude: ["Messages/control.proto"], swiftSettings: swiftSettings),
        .target(
            name: "Interchange", dependencies: ["NeuralNetwork", "RunLog", "Tensors", "Platform", protobuf],
            exclude: ["ONNX/onnx.proto", "TensorBoard/tensorboard.proto"], swiftSettings: swiftSettings),
        module("RunLog", ["Platform"]),
        .target(
            name: "Dashboard", dependencies: ["RunLog", "Tensors", "Platform", "CXXHash", web], resources: [.embedInCode("Page")],
            swiftSettings: swiftSettings),
        module(
            "ParameterStore",
            ["Protocol", "Transport", "Security", "Kernels", "Partition", "NeuralNetwork", "Tensors", "Platform", protobuf]),
        module(
            "Worker",
            [
                "Protocol", "Transport", "Security", "Kernels", "Prediction", "Partition", "NeuralNetwork", "Datasets", "Tensors",
                "Platform",
                protobuf,
            ]),
        module(
            "Coordinator",
            [
                "RunLog", "Protocol", "Transport", "Security", "Prediction", "Partition", "NeuralNetwork", "Tensors", "Platform", protobuf,
            ]),
        module(
            "Settings",
            [
                "Coordinator", "Worker", "RunLog", "Protocol", "Transport", "Security", "Kernels", "Prediction", "Partition",
                "NeuralNetwork", "Datasets", "Tensors", "Platform", yaml,
            ]),
        module(
            "Supervision",
            ["Settings", "Coordinator", "RunLog", "Transport", "Security", "Kernels", "Platform", "CLinux"]),
        module(
            "Analysis",
            [
                "Settings", "Coordinator", "Worker", "RunLog", "Kernels", "Prediction", "Partition", "NeuralNetwork", "Datasets",
                "Tensors", "Platform",
            ]),
        module(
            "Commands",
            [
                "Analysis", "Supervision", "Settings", "Dashboard", "Coordinator", "Worker", "ParameterStore", "Interchange", "RunLog",
                "Protocol", "Transport", "Security", "Kernels", "Prediction", "Partition", "NeuralNetwork", "Datasets", "Tensors",
                "Platform", "CLinux", arguments,
            ]),
        .executableTarget(name: "colonnade", dependencies: ["Commands"], swiftSettings: swiftSettings),

        // What tests of several modules share: scratch folders, processes of the built program, and what runs leave.
        .target(name: "TestSupport", dependencies: ["RunLog", "Security"], path: "Tests/Support", swiftSettings: swiftSettings),

        // What tests and fuzzers share: files made for them, and the entries of the parsers.
        .target(
            name: "Fixtures", dependencies: ["CTurboJPEG", "CZlib"], path: "Tests/Fixtures", swiftSettings: swiftSettings),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Settings", "Coordinator", "ParameterStore", "Interchange", "RunLog", "Protocol", "Transport", "Security", "Kernels",
                "Partition", "NeuralNetwork", "Datasets", "Tensors", "Platform", "CZlib", "Fixtures", protobuf,
            ], path: "Tests/FuzzTargets", swiftSettings: swiftSettings),
        .testTarget(name: "FuzzRegressionTests", dependencies: ["FuzzTargets", "TestSupport"], swiftSettings: swiftSettings),

        tests("Platform", ["TestSupport"]),
        tests("Tensors", ["TestSupport"]),
        tests("Kernels", ["Tensors"]),
        tests("NeuralNetwork", ["Tensors"]),
        tests("Partition", ["TestSupport", "NeuralNetwork", "Tensors"]),
        tests("Prediction", ["Partition", "NeuralNetwork", "Tensors"]),
        tests("Datasets", ["TestSupport", "Fixtures", "Tensors", "Platform", "CTurboJPEG", "CZlib"], resources: [.copy("Golden")]),
        tests("Security", ["TestSupport"]),
        tests("Transport", ["TestSupport", "Security", "Tensors", "Platform"]),
        tests("Protocol", ["TestSupport", "Transport", "Security", "Tensors", "Platform", "COpenSSL", protobuf]),
        tests(
            "ParameterStore",
            [
                "TestSupport", "Protocol", "Transport", "Security", "Kernels", "Partition", "NeuralNetwork", "Tensors", "Platform",
                protobuf,
            ]),
        tests(
            "Coordinator",
            ["Worker", "ParameterStore", "RunLog", "Protocol", "Security", "Partition", "NeuralNetwork", "Platform", protobuf]),
        tests("RunLog", ["TestSupport", "Platform"]),
        tests("Interchange", ["TestSupport", "RunLog"]),
        tests(
            "Worker", ["TestSupport", "Protocol", "NeuralNetwork", "Datasets", "Tensors", "ParameterStore", yaml, protobuf],
            resources: [.copy("Golden")]),
        tests("Settings", ["NeuralNetwork"]),
        tests("Supervision", ["TestSupport", "Settings", "Security", "Platform"]),
        tests("Analysis"),
        tests("Dashboard"),
        tests("Commands", ["TestSupport", "Settings", "RunLog", "Platform"]),

        // The repository's own rules: imports, lengths of files, words and summaries.
        .testTarget(name: "StructureTests", dependencies: ["TestSupport"], path: "Tests/Structure", swiftSettings: swiftSettings),

        // Whole runs with processes of the built program.
        .testTarget(
            name: "SystemTests",
            dependencies: [
                "TestSupport", "Supervision", "RunLog", "Protocol", "Transport", "Security", "NeuralNetwork", "Tensors", "Platform",
                protobuf,
            ],
            path: "Tests/System", exclude: ["Contract/Golden"], resources: [.copy("Golden")], swiftSettings: swiftSettings),
    ]
)
