import Foundation
import Glibc
import Platform
import Testing

@Suite struct ProcessIdentityTests {
    private let own = ProcessIdentity.current

    @Test func thisProcessHasNotEnded() {
        #expect(own.number == getpid() && !own.boot.isEmpty && own.start > 0)
        #expect(!own.hasEnded)
    }

    @Test func aProcessThatIsGoneHasEnded() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/true")
        try process.run()
        let number = process.processIdentifier
        process.waitUntilExit()
        #expect(ProcessIdentity(boot: own.boot, namespace: own.namespace, number: number, start: 1).hasEnded)
    }

    /// The number belongs to another process now.
    @Test func aProcessThatStartedAtAnotherTimeHasEnded() {
        #expect(ProcessIdentity(boot: own.boot, namespace: own.namespace, number: own.number, start: own.start - 1).hasEnded)
    }

    @Test func nothingIsSaidOfOtherHostsAndNamespaces() {
        let none: Int32 = 0x7FFF_FFFF
        #expect(ProcessIdentity(boot: own.boot, namespace: own.namespace, number: none, start: 1).hasEnded)
        #expect(!ProcessIdentity(boot: "another", namespace: own.namespace, number: none, start: 1).hasEnded)
        #expect(!ProcessIdentity(boot: own.boot, namespace: "another", number: none, start: 1).hasEnded)
        // Zero and below are groups of processes.
        for number in [0, -1, .min] as [Int32] {
            #expect(!ProcessIdentity(boot: own.boot, namespace: own.namespace, number: number, start: 1).hasEnded)
        }
    }
}
