/// How an image has to be turned to be upright, as Exif numbers it from 1 to 8.
package enum Orientation: Int, Sendable, CaseIterable {
    case upright = 1
    case mirrored, turnedHalf, flipped, transposed, turnedRight, transversed, turnedLeft

    private static let tag = 0x0112
    /// More entries than any camera writes.
    private static let entryLimit = 4096

    /// Reads the orientation of an Exif block, which begins with a TIFF header. What is damaged or missing counts as upright.
    package init(exif: ArraySlice<UInt8>) {
        self = Self.value(Array(exif.prefix(1 << 16))).flatMap(Orientation.init) ?? .upright
    }

    private static func value(_ bytes: [UInt8]) -> Int? {
        let isLittle = bytes.starts(with: [0x49, 0x49, 0x2A, 0])
        guard isLittle || bytes.starts(with: [0x4D, 0x4D, 0, 0x2A]) else { return nil }
        func number(_ offset: Int, _ count: Int) -> Int? {
            guard offset >= 0, offset <= bytes.count - count else { return nil }
            let part = bytes[offset..<offset + count]
            return isLittle ? part.reversed().reduce(0) { $0 << 8 | Int($1) } : part.reduce(0) { $0 << 8 | Int($1) }
        }
        guard let directory = number(4, 4), let count = number(directory, 2), count <= entryLimit else { return nil }
        for entry in 0..<count {
            let offset = directory + 2 + 12 * entry
            guard let found = number(offset, 2) else { return nil }
            guard found == tag else { continue }
            // A value of up to four bytes lies at the beginning of the entry's last field.
            switch number(offset + 2, 2) {
            case 1?: return number(offset + 8, 1)
            case 3?: return number(offset + 8, 2)
            case 4?: return number(offset + 8, 4)
            default: return nil
            }
        }
        return nil
    }
}

extension Image {
    /// Returns the image upright.
    package func turned(_ orientation: Orientation) -> Image {
        guard orientation != .upright else { return self }
        let (w, h) = (width, height)
        let swaps = orientation.rawValue >= Orientation.transposed.rawValue
        let (outWidth, outHeight) = swaps ? (h, w) : (w, h)
        // The source's pixel of the first pixel of the result, and how far the source moves with each column and row.
        let (start, column, row) =
            switch orientation {
            case .upright: (0, 1, w)
            case .mirrored: (w - 1, -1, w)
            case .turnedHalf: (w * h - 1, -1, -w)
            case .flipped: (w * (h - 1), 1, -w)
            case .transposed: (0, w, 1)
            case .turnedRight: (w * (h - 1), -w, 1)
            case .transversed: (w * h - 1, -w, -1)
            case .turnedLeft: (w - 1, w, -1)
            }
        let pixels = [UInt8](unsafeUninitializedCapacity: 4 * w * h) { buffer, count in
            rgbx.withUnsafeBytes { source in
                let result = UnsafeMutableRawBufferPointer(buffer)
                for y in 0..<outHeight {
                    var from = start + y * row
                    for x in 0..<outWidth {
                        let pixel = source.loadUnaligned(fromByteOffset: 4 * from, as: UInt32.self)
                        result.storeBytes(of: pixel, toByteOffset: 4 * (y * outWidth + x), as: UInt32.self)
                        from += column
                    }
                }
            }
            count = 4 * w * h
        }
        return Image(width: outWidth, height: outHeight, rgbx: pixels)
    }
}
