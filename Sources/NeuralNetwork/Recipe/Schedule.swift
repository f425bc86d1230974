import Foundation

/// The learning rate as a function of the step.
public struct Schedule: Codable, Sendable, Equatable {
    public enum Kind: String, SettingWord, Sendable {
        /// The rate is multiplied by `factor` after each step in `drops`.
        case drops
        /// The rate is multiplied by `factor` when the validation error stops improving, up to `reductions` times; then the run ends
        /// (§5).
        case plateau
        /// The rate is base · (1 − (step−1)/steps)^power.
        case polynomial
    }

    public var kind = Kind.drops
    public var factor: Float = 0.1
    /// Steps in ascending order.
    public var drops: [Int] = []
    /// Validations without improvement before the rate is reduced.
    public var patience = 5
    /// An error counts as improvement if it is below the best one by more than this.
    public var threshold = 0.0
    public var reductions = 3
    public var power: Float = 1

    public init() {}

    private enum Key: String, CodingKey, CaseIterable {
        case kind, factor, drops, patience, threshold, reductions, power
    }

    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        kind = try container.decodeIfPresent(Kind.self, forKey: .kind) ?? kind
        factor = try container.decodeIfPresent(Float.self, forKey: .factor) ?? factor
        drops = try container.decodeIfPresent([Int].self, forKey: .drops) ?? drops
        patience = try container.decodeIfPresent(Int.self, forKey: .patience) ?? patience
        threshold = try container.decodeIfPresent(Double.self, forKey: .threshold) ?? threshold
        reductions = try container.decodeIfPresent(Int.self, forKey: .reductions) ?? reductions
        power = try container.decodeIfPresent(Float.self, forKey: .power) ?? power
    }

    func check(validates: Bool) throws {
        guard factor > 0, factor.isFinite, drops == drops.sorted() else {
            throw NetworkError("schedule.drops must list steps in ascending order, and schedule.factor must be above 0")
        }
        guard patience >= 1, reductions >= 0, threshold >= 0, power > 0, power.isFinite else {
            throw NetworkError(
                "schedule.patience must be at least 1, schedule.reductions and schedule.threshold at least 0, and schedule.power above 0")
        }
        guard kind != .plateau || validates else {
            throw NetworkError("schedule.kind=plateau requires validations; set validation.every to more than 0")
        }
    }

    /// Returns the learning rate of `step`, which counts from 1.
    /// - Parameters:
    ///   - last: the last step of the run.
    ///   - reductions: how many times the rate has been reduced because the validation error stopped improving.
    public func rate(base: Float, step: Int, last: Int, reductions: Int) -> Float {
        switch kind {
        case .drops: return drops.reduce(base) { rate, drop in step > drop ? rate * factor : rate }
        case .plateau: return (0..<reductions).reduce(base) { rate, _ in rate * factor }
        case .polynomial: return base * pow(1 - Float(step - 1) / Float(max(last, step)), power)
        }
    }
}

/// A detector of the point where the validation error stops improving (§5).
public struct Plateau: Sendable, Equatable {
    /// Keep the learning rate, reduce it, or stop training.
    public enum Verdict: Sendable, Equatable { case keep, reduce, stop }

    public private(set) var reductions = 0
    private let patience: Int
    private let threshold: Double
    private let limit: Int
    private var best = Double.infinity
    private var stale = 0

    public init(_ schedule: Schedule) {
        (patience, threshold, limit) = (schedule.patience, schedule.threshold, schedule.reductions)
    }

    /// Takes the error of a validation, and returns how training continues.
    public mutating func observe(_ error: Double) -> Verdict {
        if error < best - threshold || best == .infinity {
            best = error
            stale = 0
            return .keep
        }
        stale += 1
        guard stale >= patience else { return .keep }
        stale = 0
        guard reductions < limit else { return .stop }
        reductions += 1
        return .reduce
    }
}
