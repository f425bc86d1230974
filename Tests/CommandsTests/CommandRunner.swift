import Foundation

/// Runs the built `colonnade` in a directory of its own, which is removed with the object.
final class CommandRunner {
    struct Result {
        let code: Int32
        let output: String
        let errors: String
    }

    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-\(UUID())").path

    init() throws { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// The executable stands beside the test bundle.
    static var executable: String {
        var place = Bundle.allBundles.map(\.bundlePath).first { $0.contains("/release") || $0.contains("/debug") }
        place = place ?? CommandLine.arguments[0]
        var url = URL(fileURLWithPath: place!)
        while url.path != "/" {
            let candidate = url.appendingPathComponent("colonnade").path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            url.deleteLastPathComponent()
        }
        return "colonnade"
    }

    /// What runs leave in the user's cache, tokens among it, is no test's business.
    var environment: [String: String] { ProcessInfo.processInfo.environment.merging(["XDG_CACHE_HOME": path("user-cache")]) { $1 } }

    func start(_ arguments: [String], environment: [String: String] = [:]) throws -> (Process, Pipe, Pipe) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.executable)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.environment = self.environment.merging(environment) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        return (process, output, errors)
    }

    @discardableResult
    func run(_ arguments: String...) throws -> Result { try run(arguments) }

    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Result {
        let (process, output, errors) = try start(arguments, environment: environment)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaints = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Result(code: process.terminationStatus, output: text, errors: complaints)
    }

    func path(_ name: String) -> String { directory + "/" + name }

    /// Packs made pictures, three for training and one for validation of each class.
    func makePhotographs(_ name: String = "photographs", side: Int = 256, classes: Int = 2) throws -> String {
        for (folder, count) in [("train", 3), ("val", 1)] {
            for label in 0..<classes {
                let source = path("\(name)-source/\(folder)/class\(label)")
                try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
                for image in 0..<count {
                    // PNM needs no encoder.
                    var data = Data("P6 \(side) \(side) 255\n".utf8)
                    for place in 0..<side * side {
                        let (x, y) = (place % side, place / side)
                        data.append(UInt8(truncatingIfNeeded: x &* (label + 1) &+ image &* 31))
                        data.append(UInt8(truncatingIfNeeded: y &* (image + 2)))
                        data.append(UInt8(truncatingIfNeeded: x ^ y))
                    }
                    try data.write(to: URL(fileURLWithPath: "\(source)/\(image).ppm"))
                }
            }
        }
        try run("data", "import", "--format", "imagefolder", path("\(name)-source"), path(name))
        return path(name)
    }

    /// Packs a small made data set in CIFAR-10's format: noise around a colour for each class.
    func makeData(_ name: String = "data", images: Int = 300, seed: UInt64 = 1) throws -> String {
        let source = path("\(name)-source")
        try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        func records(_ count: Int) -> Data {
            var data = Data()
            for image in 0..<count {
                data.append(UInt8(image % 10))
                for place in 0..<3072 {
                    let base = (image % 10) * 20 + (place / 1024) * 13
                    data.append(UInt8(base + Int(next() % 40)))
                }
            }
            return data
        }
        for file in 1...5 {
            try records(images / 5).write(to: URL(fileURLWithPath: "\(source)/data_batch_\(file).bin"))
        }
        try records(50).write(to: URL(fileURLWithPath: "\(source)/test_batch.bin"))
        let names = (0..<10).map { "class\($0)" }.joined(separator: "\n")
        try Data(names.utf8).write(to: URL(fileURLWithPath: "\(source)/batches.meta.txt"))
        try run("data", "import", "--format", "cifar10", source, path(name))
        return path(name)
    }
}

/// The sanitizer that the product was built with, as Tests/Sanitizers/run.sh sets it.
enum Sanitizer {
    static let isAbsent = ProcessInfo.processInfo.environment["COLONNADE_SANITIZER"] == nil
}
