import Dashboard
import Testing

@Suite struct StreamSlotsTests {
    @Test func aSlotIsFreeAgainWhenNothingHoldsIt() {
        let slots = StreamSlots(2)
        var first = slots.take()
        let second = slots.take()
        #expect(first != nil && second != nil && slots.take() == nil)
        // As a response that is dropped before its body was written.
        first = nil
        #expect(first == nil)
        first = slots.take()
        #expect(first != nil && slots.take() == nil)
        withExtendedLifetime((first, second)) {}
    }

    @Test func aBodyThatIsNeverCalledGivesItsSlotBack() {
        let slots = StreamSlots(1)
        for _ in 0..<100 {
            guard let slot = slots.take() else {
                Issue.record("a slot was not given back")
                return
            }
            let body: @Sendable () -> Void = { withExtendedLifetime(slot) {} }
            withExtendedLifetime(body) {}
        }
    }
}
