import NeuralNetwork
import Partition
import Prediction

/// A prediction as text with tables, and as JSON.
struct PredictionReport {
    struct Document: Encodable {
        struct Worker: Encodable {
            let worker: Int
            let host: String
            let computing: Double
            let exchange_wait: Double
            let store_wait: Double
            let own_bytes: Int
        }
        struct Link: Encodable {
            let host: String
            let bytes_out_per_step: Int
            let bytes_in_per_step: Int
            let busy: Double
        }
        struct Store: Encodable {
            let host: String
            let busy: Double
            let bytes: Int
        }
        struct Layout: Encodable {
            let workers: Int
            let replicas: Int
            let workers_of_hosts: [Int]
            let images_per_second: Double
        }
        struct Limit: Encodable {
            let what: String
            let gain: Double
        }
        let basis: String
        let images_per_second: Double
        let step_seconds: Double
        let exchange_wait: Double
        let store_wait: Double
        let workers: [Worker]
        let links: [Link]
        let stores: [Store]
        let limits: [Limit]
        let layouts: [Layout]
        let another_host: Layout?
    }

    let layout: PredictedLayout
    let times: any KernelTimes
    let limits: [Limit]
    /// The layouts that the hosts have room for, the fastest first.
    let layouts: [PredictedLayout]
    /// Further ones, which were not simulated.
    let skipped: Int
    /// The fastest layout with one more host like the last; nil without a file of hosts.
    let another: PredictedLayout?

    init(_ plan: PlannedRun, _ times: any KernelTimes, addsHost: Bool) throws {
        self.times = times
        layout = try PredictedLayout(plan, times)
        limits = try Limit.all(of: layout, times)
        let search = try LayoutSearch(plan.configuration, on: plan.cluster, times)
        (layouts, skipped) = (search.layouts, search.skipped)
        guard addsHost, var added = plan.cluster.hosts.last else {
            another = nil
            return
        }
        var cluster = plan.cluster
        added.name = "another like \(added.name)"
        cluster.hosts.append(added)
        another = try LayoutSearch(plan.configuration, on: cluster, times).layouts.first
    }

    private var hosts: [Cluster.Host] { layout.plan.cluster.hosts }

    var document: Document {
        let prediction = layout.prediction
        return Document(
            basis: times.basis, images_per_second: prediction.imagesPerSecond, step_seconds: prediction.seconds,
            exchange_wait: prediction.exchangeWait, store_wait: prediction.storeWait,
            workers: prediction.workers.map {
                .init(
                    worker: $0.rank, host: hosts[$0.host].name, computing: $0.computing, exchange_wait: $0.exchangeWait,
                    store_wait: $0.storeWait, own_bytes: $0.bytes)
            },
            links: hosts.count < 2
                ? []
                : prediction.links.map {
                    .init(
                        host: hosts[$0.host].name, bytes_out_per_step: Int($0.bytesOut), bytes_in_per_step: Int($0.bytesIn), busy: $0.share)
                },
            stores: prediction.stores.map { .init(host: hosts[$0.host].name, busy: $0.share, bytes: $0.bytes) },
            limits: limits.map { .init(what: words($0), gain: $0.gain) }, layouts: layouts.map(document),
            another_host: another.map(document))
    }

    private func document(_ layout: PredictedLayout) -> Document.Layout {
        .init(
            workers: layout.plan.layout.workers, replicas: layout.plan.layout.replicas, workers_of_hosts: layout.workersOfHosts,
            images_per_second: layout.prediction.imagesPerSecond)
    }

    // MARK: Text

    var text: String {
        let prediction = layout.prediction
        var lines = [
            "predicted: \(Terminal.fixed(prediction.imagesPerSecond, 1)) images/s, a step of \(time(prediction.seconds)) "
                + "(kernels \(times.basis))",
            "",
        ]
        var rows = [["worker", "host", "computing", "waits for workers", "waits for store"]]
        let showsMemory = prediction.workers.contains { $0.bytes > 0 }
        if showsMemory { rows[0].append("memory") }
        for worker in prediction.workers {
            rows.append([
                "\(worker.rank)", hosts[worker.host].name, percent(worker.computing), percent(worker.exchangeWait),
                percent(worker.storeWait),
            ])
            if showsMemory { rows[rows.count - 1].append(Terminal.bytes(worker.bytes)) }
        }
        lines.append(Terminal.table(rows))
        if hosts.count > 1 {
            var rows = [["connection of", "bandwidth", "sent per step", "received", "busy"]]
            for link in prediction.links {
                rows.append([
                    hosts[link.host].name, "\(Terminal.fixed(hosts[link.host].bandwidth * 8e-9, 2)) Gbit/s",
                    Terminal.bytes(Int(link.bytesOut)), Terminal.bytes(Int(link.bytesIn)), percent(link.share),
                ])
            }
            lines += ["", Terminal.table(rows)]
        }
        lines.append("")
        for store in prediction.stores {
            lines.append(
                "the store on \(hosts[store.host].name) updates parameters for \(percent(store.share)) of the step and needs "
                    + Terminal.bytes(store.bytes))
        }
        lines += ["", limitSentence, proposal]
        if skipped > 0 { lines.append("\(skipped) further layouts, with the most replicas, were not tried") }
        if let another { lines.append(sentence(another)) }
        return lines.joined(separator: "\n")
    }

    private func percent(_ share: Double) -> String { "\(Terminal.fixed(share * 100, share < 0.0995 ? 1 : 0)) %" }

    private func time(_ seconds: Double) -> String {
        seconds < 1 ? "\(Terminal.fixed(seconds * 1e3, 1)) ms" : "\(Terminal.fixed(seconds, 2)) s"
    }

    private var limitSentence: String {
        guard let first = limits.first, first.gain > 0.005 else {
            return "no single resource, if twice as fast, would gain more than half a percent"
        }
        let others = limits.dropFirst().filter { $0.gain > 0.01 }.prefix(3).map { "\(words($0)) \(percent($0.gain))" }
        let rest = others.isEmpty ? "nothing else would gain one percent" : "others: " + others.joined(separator: ", ")
        return "limited by \(words(first)): twice as fast would gain \(percent(first.gain)); \(rest)"
    }

    private func words(_ limit: Limit) -> String {
        switch limit.resource {
        case .kernels(nil): "the kernels"
        case .kernels(let host?): "the kernels of \(hosts[host].name)"
        case .link(nil): "the connections between hosts"
        case .link(let host?): "the connection of \(hosts[host].name)"
        case .latency: "the network's latency"
        case .loopback: "messages within a host"
        case .store: "the store's update"
        }
    }

    private var proposal: String {
        guard let best = layouts.first else { return "" }
        let now = layout.prediction.imagesPerSecond
        if best.prediction.imagesPerSecond <= now * 1.005 { return "no other layout of \(columns) on these hosts is faster" }
        return "faster on these hosts: \(words(best)), \(Terminal.fixed(best.prediction.imagesPerSecond, 1)) images/s, "
            + "\(percent(best.prediction.imagesPerSecond / now - 1)) more"
    }

    private func words(_ layout: PredictedLayout) -> String {
        let (shape, counts) = (layout.plan.layout, layout.workersOfHosts)
        let hosts = layout.plan.cluster.hosts
        let assignments = zip(hosts, counts).filter { $0.1 > 0 }.map { hosts.count > 1 ? "\($0.1) on \($0.0.name)" : "" }
            .filter { !$0.isEmpty }
        let options = "--workers \(shape.workers)" + (shape.replicas > 1 ? " --replicas \(shape.replicas)" : "")
        return assignments.isEmpty ? options : "\(options) (\(assignments.joined(separator: ", ")))"
    }

    /// Describes what one more host would gain, and why it would not gain more.
    private func sentence(_ another: PredictedLayout) -> String {
        let best = layouts.first ?? layout
        let gain = another.prediction.imagesPerSecond / best.prediction.imagesPerSecond - 1
        let name = another.plan.cluster.hosts.last?.name ?? ""
        let isUsed = another.workersOfHosts.last ?? 0 > 0
        guard gain > 0.005, isUsed else {
            let recipe = another.plan.configuration.recipe
            let whole = layout.plan.layout.columns * recipe.slices
            if best.plan.layout.workers == whole {
                return "\(name) would gain nothing: every column has a worker in every slice (slices=\(recipe.slices)); "
                    + "more slices allow more replicas"
            }
            return "\(name) would gain nothing: \(reason(another))"
        }
        return "\(name) would gain \(percent(gain)) (\(words(another))), because there \(reason(another))"
    }

    private func reason(_ layout: PredictedLayout) -> String {
        let prediction = layout.prediction
        let busiest = prediction.links.max { $0.share < $1.share }
        var parts = ["workers compute for \(percent(prediction.computing)) of the step"]
        if prediction.exchangeWait + prediction.storeWait > 0.02 {
            parts.append(
                "wait \(percent(prediction.exchangeWait)) for other workers and \(percent(prediction.storeWait)) for the store")
        }
        if let busiest, busiest.share > 0.1 {
            parts.append("the connection of \(layout.plan.cluster.hosts[busiest.host].name) is busy for \(percent(busiest.share))")
        }
        return parts.count == 1 ? parts[0] : parts.dropLast().joined(separator: ", ") + " and " + parts[parts.count - 1]
    }

    private var columns: String {
        let count = layout.plan.layout.columns
        return count == 1 ? "one column" : "\(count) columns"
    }
}
