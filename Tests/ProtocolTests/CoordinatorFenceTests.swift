import Protocol
import Security
import Testing

@Suite struct CoordinatorFenceTests {
    @Test func aLowerNumberOfTheSameRunIsRefused() throws {
        var fence = CoordinatorFence()
        for number in [3, 3, 5] as [UInt64] { try fence.admit(number, run: 7) }
        for number in [0, 4] as [UInt64] { #expect(throws: WireError.self) { try fence.admit(number, run: 7) } }
        // One that is refused changes nothing.
        try fence.admit(5, run: 7)
        try fence.admit(6, run: 7)
    }

    @Test func runsDoNotConcernEachOther() throws {
        var fence = CoordinatorFence()
        try fence.admit(9, run: 7)
        try fence.admit(1, run: 8)
        try fence.admit(2, run: 8)
        #expect(throws: WireError.self) { try fence.admit(1, run: 8) }
    }
}
