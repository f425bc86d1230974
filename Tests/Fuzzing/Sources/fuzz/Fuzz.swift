import CLibFuzzer
import Foundation
import FuzzTargets

/// The fuzzer: libFuzzer on the target that COLONNADE_FUZZ_TARGET names. The target is not an argument, because libFuzzer
/// restarts itself with its own arguments.
@main enum Fuzz {
    private static let target = ProcessInfo.processInfo.environment["COLONNADE_FUZZ_TARGET"].flatMap(FuzzTarget.named)

    static func main() throws {
        let arguments = CommandLine.arguments
        switch arguments.dropFirst().first {
        case "--targets": for target in FuzzTarget.all { print(target.name, target.longest) }
        case "--seeds" where arguments.count == 3: try SeedCorpus.write(to: arguments[2])
        default: exit(fuzz())
        }
    }

    private static func fuzz() -> Int32 {
        guard target != nil else {
            print("COLONNADE_FUZZ_TARGET must name one of: \(FuzzTarget.all.map(\.name).joined(separator: " "))")
            return 64
        }
        var count = CommandLine.argc
        var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        return LLVMFuzzerRunDriver(&count, &values) { data, size in
            Fuzz.target?(UnsafeRawBufferPointer(start: data, count: size))
            return 0
        }
    }
}
