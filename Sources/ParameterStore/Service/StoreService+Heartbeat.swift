import Partition
import Platform
import Protocol
import Security
import SwiftProtobuf
import Transport

/// What a store tells the coordinator several times a second.
extension StoreService {
    func startHeartbeat() throws {
        guard heartbeat == nil, let introduction, let address else { return }
        var hello = introduction.hello(listenPort: 0).hello
        (hello.run, hello.rank) = (run, UInt32(rank))
        let greeting = hello
        let (loop, patience, log) = (loop, patience, log)
        // Connecting waits, and the loop must not.
        _ = ServiceThread(name: "heartbeat") { [weak self] in
            do {
                let sender = try HeartbeatSender(
                    coordinator: address, hello: greeting, patience: patience, loop: loop, log: log,
                    beat: { [weak self] in self?.beat() ?? WireHeartbeat() },
                    silent: { [weak self] in self?.lose($0) })
                loop.submit { [weak self] in self?.heartbeat = sender }
            } catch { self?.end(.failed("\(error)")) }
        }
    }

    /// On the loop's thread.
    private func beat() -> WireHeartbeat {
        let activity = updates.current
        var heartbeat = WireHeartbeat()
        heartbeat.attempt = machine?.attempt ?? 0
        heartbeat.step = UInt64(machine?.committed ?? 0)
        (heartbeat.phase, heartbeat.instruction) = (activity.phase, activity.words)
        (heartbeat.seconds, heartbeat.usual) = (max(0, MonotonicClock.now - activity.since), activity.usual)
        if activity.phase == .idle, let machine, let tree {
            heartbeat.missing = machine.missing.sorted().map { gradient in
                .with { ($0.key, $0.replica) = (gradient.key.wire, UInt32(tree.contributions[gradient.contribution].replica)) }
            }
        }
        return heartbeat
    }
}
