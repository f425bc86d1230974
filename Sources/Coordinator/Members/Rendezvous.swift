package import Protocol
import SwiftProtobuf

/// The members that have joined a run, and the decision whether the next process may. No sockets: a greeting in, a verdict out.
package struct Rendezvous: Sendable {
    package enum Verdict: Equatable {
        /// - Parameter startsStore: whether its host has no store yet, and its process is to start one.
        case worker(rank: Int, startsStore: Bool)
        case store(rank: Int)
        /// Beyond the number needed; waits.
        case spare
        case refused(String)
    }

    package private(set) var workersNeeded: Int
    private var placement: StorePlacement
    package let threads: Int
    package let datasetFingerprint: String
    package let version: String
    /// By rank; nil where a worker was lost and none has taken its place.
    package private(set) var workers: [WireHello?] = []
    package private(set) var stores: [WireHello] = []
    /// Ranks of stores that are gone.
    private var storeVacancies: Set<Int> = []
    /// Hosts of workers that were lost, by rank.
    private var vacancies: [Int: String] = [:]
    /// The first that joined; everybody after it computes as it does.
    private var reference: WireHello?
    /// Tensors have their places: a worker that takes another's joins no new host's store.
    private var hasFixedStores = false

    package init(workers: Int, stores: StorePlacement, threads: Int, datasetFingerprint: String, version: String) {
        (workersNeeded, placement, self.threads) = (workers, stores, threads)
        (self.datasetFingerprint, self.version) = (datasetFingerprint, version)
    }

    package var isComplete: Bool { workersMissing == 0 && storesMissing == 0 }

    /// Workers that are still to join.
    package var workersMissing: Int { workersNeeded - workers.count(where: { $0 != nil }) }

    /// Stores that are still to join, as far as the workers that are here tell.
    package var storesMissing: Int {
        if hasFixedStores { return storeVacancies.count }
        return switch placement {
        case .byHand(let count): count - stores.count
        case .everyHost: hostsOfStores.subtracting(stores.map(\.hostIdentity)).count
        }
    }

    /// The coordinator's, and every host that a worker is on.
    private var hostsOfStores: Set<String> {
        guard case .everyHost(let coordinator) = placement else { return [] }
        return Set(workers.compactMap { $0?.hostIdentity }).union([coordinator])
    }

    /// Whether a store is gone whose parameters the run needs.
    package var lacksStore: Bool { !storeVacancies.isEmpty }

    /// A store has failed. One with the same parameters may take its rank.
    package mutating func vacate(store rank: Int) { if stores.indices.contains(rank) { storeVacancies.insert(rank) } }

    /// The rank for a store that joins while others are gone: of one on its host, else, by hand, of any.
    private func vacancy(for hello: WireHello) -> Int? {
        let free = storeVacancies.sorted()
        if let own = free.first(where: { stores[$0].hostIdentity == hello.hostIdentity }) { return own }
        if case .byHand = placement { return free.first }
        return nil
    }

    /// Fixes the stores: from now on they stay where they are.
    package mutating func resolveStores() { hasFixedStores = true }

    /// Other places, and who takes them. Stores of further hosts may be missing then.
    /// - Parameters:
    ///   - workers: by rank.
    ///   - stores: those that stay, by rank.
    package mutating func rearrange(workers: [WireHello], stores: [WireHello]) {
        (workersNeeded, self.workers, self.stores) = (workers.count, workers, stores)
        (vacancies, storeVacancies) = ([:], [])
        if case .byHand = placement { placement = .byHand(stores.count) }
        hasFixedStores = false
    }

    /// An order of workers in which those of a host follow each other: hosts by their first worker, workers of a host as they were.
    /// - Parameter hosts: of each worker.
    package static func grouped(_ hosts: [String]) -> [Int] {
        let first = Dictionary(hosts.enumerated().map { ($1, $0) }, uniquingKeysWith: min)
        return hosts.indices.sorted { (first[hosts[$0]]!, $0) < (first[hosts[$1]]!, $1) }
    }

    /// Hosts that are to have a store and have none.
    package var hostsWithoutStore: Set<String> { hostsOfStores.subtracting(stores.map(\.hostIdentity)) }

    /// Whether a store has columns to keep once these workers have their places: by hand wherever it is, otherwise on the coordinator's
    /// host and theirs.
    package func needsStore(on host: String, workers: [WireHello]) -> Bool {
        switch placement {
        case .byHand: true
        case .everyHost(let coordinator): host == coordinator || workers.contains { $0.hostIdentity == host }
        }
    }

    /// A worker was lost.
    package mutating func vacate(worker rank: Int) {
        guard workers.indices.contains(rank), let hello = workers[rank] else { return }
        (workers[rank], vacancies[rank]) = (nil, hello.hostIdentity)
    }

    /// The place of the next worker: that of a lost one on its own host, whose parameters are there, before any other.
    private mutating func place(_ hello: WireHello) -> Int {
        let free = vacancies.keys.sorted()
        guard let rank = free.first(where: { vacancies[$0] == hello.hostIdentity }) ?? free.first else {
            workers.append(hello)
            return workers.count - 1
        }
        (workers[rank], vacancies[rank]) = (hello, nil)
        return rank
    }

    package mutating func admit(_ hello: WireHello) -> Verdict {
        guard hello.productVersion == version else {
            return .refused(
                "it is colonnade \(hello.productVersion), the coordinator \(version); run the same release everywhere")
        }
        switch hello.role {
        case .worker:
            if let obstacle = obstacle(worker: hello) { return .refused(obstacle) }
            guard workersMissing > 0 else { return .spare }
            let hosts = hostsOfStores
            let rank = place(hello)
            reference = reference ?? hello
            return .worker(rank: rank, startsStore: !hasFixedStores && !hostsOfStores.subtracting(hosts).isEmpty)
        case .store:
            if let rank = vacancy(for: hello) {
                storeVacancies.remove(rank)
                stores[rank] = hello
                return .store(rank: rank)
            }
            switch placement {
            case .byHand(let count):
                guard stores.count < count else { return .refused("the run has its parameter store already") }
            case .everyHost:
                guard hostsOfStores.contains(hello.hostIdentity) else {
                    return .refused("no worker of the run is on its host")
                }
                guard !stores.contains(where: { $0.hostIdentity == hello.hostIdentity }) else {
                    return .refused("its host has a parameter store of the run already")
                }
            }
            stores.append(hello)
            return .store(rank: stores.count - 1)
        default: return .refused("its role is unknown")
        }
    }

    /// Why a worker would not compute the same bits as the others, or of other images.
    private func obstacle(worker hello: WireHello) -> String? {
        if !hello.datasetFingerprint.isEmpty, hello.datasetFingerprint != datasetFingerprint {
            return "its data set has the fingerprint \(hello.datasetFingerprint), the coordinator's "
                + "\(datasetFingerprint); name the same data set with --data"
        }
        if hello.threads != 0, Int(hello.threads) != threads {
            return "it was started with --threads \(hello.threads), the run is planned for \(threads); "
                + "start it with --threads \(threads)"
        }
        guard let reference else { return nil }
        func facts(_ hello: WireHello) -> String {
            "\(hello.cpuModel), \(hello.instructionSet), oneDNN \(hello.kernelLibrary)"
        }
        if facts(hello) != facts(reference) {
            return "it computes with \(facts(hello)), the first worker with \(facts(reference)); the same bits need the same "
                + "processor and library on every worker"
        }
        return nil
    }
}

/// The place of the parameter store's shards.
public enum StorePlacement: Sendable, Equatable {
    /// So many are started by a person, wherever they are.
    case byHand(Int)
    /// One on the coordinator's host, whose identity this is, and one on each host that has workers.
    case everyHost(coordinator: String)
}
