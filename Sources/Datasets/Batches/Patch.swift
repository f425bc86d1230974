/// A fixed part of a stored image, for measuring a network (paper §4.1).
public struct Patch: Sendable, Equatable {
    public enum Place: Sendable, Equatable {
        case start, center, end

        /// The offset of a part of `length` in a side of `whole`.
        func offset(_ length: Int, in whole: Int) -> Int {
            switch self {
            case .start: 0
            case .center: (whole - length) / 2
            case .end: whole - length
            }
        }
    }

    public let vertical: Place
    public let horizontal: Place
    public let isMirrored: Bool

    public init(vertical: Place, horizontal: Place, isMirrored: Bool = false) {
        (self.vertical, self.horizontal, self.isMirrored) = (vertical, horizontal, isMirrored)
    }

    public static let center = Patch(vertical: .center, horizontal: .center)

    /// The four corners and the centre, then their mirror images.
    public static let ten = mirrored([
        Patch(vertical: .start, horizontal: .start), Patch(vertical: .start, horizontal: .end),
        Patch(vertical: .end, horizontal: .start), Patch(vertical: .end, horizontal: .end), center,
    ])

    /// Nine places in three rows, then their mirror images.
    public static let eighteen = mirrored(
        [Place.start, .center, .end].flatMap { row in
            [Place.start, .center, .end].map { Patch(vertical: row, horizontal: $0) }
        })

    /// The fixed patches that are averaged for a number of crops: 1, 10 or 18.
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
