import Foundation
import Platform

/// The way of one process to a run's lease: carries out what `RunLease` says, until it is held or refused.
struct LeaseAcquisition {
    let files: LeaseFiles
    private(set) var lease: RunLease
    /// The content of the own file.
    private(set) var record: LeaseRecord
    private let lock: RunLock
    private var held: LeaseRecord.Lock?

    init(_ directory: RunDirectory, _ lock: RunLock, floor: Int, times: RunLease.Times) {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        let owner = String(repeating: "0", count: 16 - digits.count) + digits
        files = LeaseFiles(directory: directory, owner: owner)
        lease = RunLease(owner: owner, floor: floor, times: times)
        self.lock = lock
        record = Self.record(0, owner, nil)
    }

    private static func record(_ fencing: Int, _ owner: String, _ lock: LeaseRecord.Lock?) -> LeaseRecord {
        LeaseRecord(fencing: fencing, owner: owner, host: HostIdentity.hostName, process: .current, lock: lock)
    }

    /// - Throws: `RunLogError` if another coordinator has the lease, and `FileError`.
    mutating func run(_ notice: (String) -> Void) throws -> (fencing: Int, RunLease.Succession) {
        var effect = lease.start
        var hasNoticed = false
        while true {
            switch effect {
            case .look:
                let began = BootClock.now
                let sighting = try look()
                effect = lease.saw(sighting, from: began, to: BootClock.now)
                if case .pause = effect, !hasNoticed {
                    hasNoticed = true
                    notice(waiting(for: sighting))
                }
            case .claim(let fencing):
                record = Self.record(fencing, lease.owner, held)
                try files.claim(record)
                effect = lease.wrote()
            case .renew(_, let counter):
                record.counter = counter
                try files.renew(record)
                effect = lease.wrote()
            case .pause(let seconds):
                MonotonicClock.sleep(until: MonotonicClock.now + seconds)
                effect = lease.woke()
            case .acquired(let fencing, let succession):
                files.tidy(below: fencing)
                return (fencing, succession)
            case .refused(let sighting), .superseded(let sighting): throw refusal(sighting)
            }
        }
    }

    private mutating func look() throws -> LeaseSighting? {
        let answer = lock.take()
        if case .held(let identity) = answer { held = identity }
        guard let newest = try files.newest() else {
            // A release without leases holds the lock alone, or somebody is about to claim the first one.
            if case .heldByOther = answer { throw refusal(nil) }
            return nil
        }
        // Its owner held the lock that this process has now. A process may have ended without that: a file system may have no locks.
        let hasLostItsLock = newest.record.map { $0.lock != nil && $0.lock == held && $0.process.isOnSameKernel(as: .current) } ?? false
        let isOwn = newest.record?.owner == lease.owner
        return LeaseSighting(
            fencing: newest.fencing, record: newest.record,
            hasOwnerEnded: !isOwn && (hasLostItsLock || newest.record?.process.hasEnded == true))
    }

    private func waiting(for sighting: LeaseSighting?) -> String {
        let seconds = Int((lease.times.limit + lease.times.grace).rounded(.up))
        return
            "\(Self.name(sighting)) holds \(files.directory.path); if it shows no sign of life, this one takes the run over in \(seconds) s"
    }

    private func refusal(_ sighting: LeaseSighting?) -> RunLogError {
        RunLogError("\(Self.name(sighting)) is writing \(files.directory.path); stop it first, or start a run with another --name")
    }

    private static func name(_ sighting: LeaseSighting?) -> String {
        sighting?.record.map { "another coordinator (process \($0.process.number) on \($0.host))" } ?? "another coordinator"
    }
}
