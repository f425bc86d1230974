/// A fixed crop of a stored image, for evaluation (paper §4.1).
public struct Patch: Sendable, Equatable {
    public enum Alignment: Sendable, Equatable {
        case start, center, end

        /// Returns the offset of a crop of `length` in a side of `whole`.
        func offset(_ length: Int, in whole: Int) -> Int {
            switch self {
            case .start: 0
            case .center: (whole - length) / 2
            case .end: whole - length
            }
        }
    }

    public let vertical: Alignment
    public let horizontal: Alignment
    public let isMirrored: Bool

    public init(vertical: Alignment, horizontal: Alignment, isMirrored: Bool = false) {
        (self.vertical, self.horizontal, self.isMirrored) = (vertical, horizontal, isMirrored)
    }

    public static let center = Patch(vertical: .center, horizontal: .center)

    /// The four corners and the centre, followed by their mirror images.
    public static let ten = mirrored([
        Patch(vertical: .start, horizontal: .start), Patch(vertical: .start, horizontal: .end),
        Patch(vertical: .end, horizontal: .start), Patch(vertical: .end, horizontal: .end), center,
    ])

    /// Nine patches in three rows, followed by their mirror images.
    public static let eighteen = mirrored(
        [Alignment.start, .center, .end].flatMap { row in
            [Alignment.start, .center, .end].map { Patch(vertical: row, horizontal: $0) }
        })

    /// Returns the patches over which predictions are averaged for 1, 10 or 18 crops; nil for another number.
    public static func crops(_ count: Int) -> [Patch]? {
        switch count {
        case 1: [center]
        case 10: ten
        case 18: eighteen
        default: nil
        }
    }

    private static func mirrored(_ patches: [Patch]) -> [Patch] {
        patches + patches.map { Patch(vertical: $0.vertical, horizontal: $0.horizontal, isMirrored: true) }
    }
}
