import Testing
import Transport

@Suite struct FaultInjectionTests {
    private func fault(frame: String = "slab", number: Int = 1) -> String {
        #"{"process":"worker-0","kind":"drop","frame":"\#(frame)","number":\#(number),"attempt":0}"#
    }

    @Test func everyKindOfFrameCanBeNamed() {
        let all = ["control", "slab", "push", "value", "snapshot", "restore", "data"].map { fault(frame: $0) }
        #expect(FaultInjection.problem(in: "[\(all.joined(separator: ","))]") == nil)
    }

    /// A fault that would never occur is an error: otherwise a test of it passes.
    @Test func aFaultThatWouldNeverOccurIsAnError() {
        #expect(FaultInjection.problem(in: "[\(fault()),\(fault(frame: "slabs"))]")?.contains("\"slabs\"") == true)
        #expect(FaultInjection.problem(in: "[\(fault(number: 0))]")?.contains("counted from 1") == true)
        #expect(FaultInjection.problem(in: "{}")?.contains("JSON array") == true)
    }
}
