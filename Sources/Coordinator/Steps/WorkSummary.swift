import Protocol
import RunLog

/// Adds up what workers and stores say of their time and memory.
struct WorkSummary {
    private var workers: [Int: RunRecord.Work] = [:]
    private var stores: [Int: RunRecord.Work] = [:]

    mutating func add(worker rank: Int, _ report: WireStepReport) {
        var line = workers[rank] ?? RunRecord.Work(role: "worker", rank: rank)
        line.seconds += report.seconds
        line.exchange_wait += report.exchangeWait
        line.store_wait += report.storeWait
        line.data_wait += report.dataWait
        line.peak_bytes = max(line.peak_bytes, Int(clamping: report.memory))
        workers[rank] = line
    }

    mutating func add(store rank: Int, _ stored: WireStepStored) {
        var line = stores[rank] ?? RunRecord.Work(role: "store", rank: rank)
        line.peak_bytes = max(line.peak_bytes, Int(clamping: stored.memory))
        stores[rank] = line
    }

    var lines: [RunRecord.Work] {
        workers.sorted { $0.key < $1.key }.map(\.value) + stores.sorted { $0.key < $1.key }.map(\.value)
    }
}
