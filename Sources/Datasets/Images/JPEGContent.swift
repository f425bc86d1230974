/// The segments of a JPEG file, which are followed by their lengths and markers alone.
///
/// The decoder fills what is missing of a cut file with grey and reports that as one warning among others, of which it keeps only the
/// last. Whether a file is whole is therefore decided here.
package struct JPEGContent {
    /// Whether the end of the image is there.
    package private(set) var isWhole = false
    /// The number of scans.
    package private(set) var scans = 0
    /// The Exif block, which begins with its TIFF header; nil if there is none.
    package private(set) var exif: ArraySlice<UInt8>?

    package init(_ bytes: [UInt8]) {
        var place = 2
        while true {
            // Stray bytes between segments are skipped, as the decoder does.
            while place + 1 < bytes.count, bytes[place] != 0xFF || bytes[place + 1] == 0 || bytes[place + 1] == 0xFF { place += 1 }
            guard place + 1 < bytes.count else { return }
            let marker = bytes[place + 1]
            place += 2
            switch marker {
            case 0xD9:
                isWhole = true
                return
            case 0x01, 0xD0...0xD8: continue
            default: break
            }
            guard place + 1 < bytes.count else { return }
            let length = Int(bytes[place]) << 8 | Int(bytes[place + 1])
            guard length >= 2, length <= bytes.count - place else { return }
            if marker == 0xE1, exif == nil { exif = Self.exif(bytes[(place + 2)..<(place + length)]) }
            place += length
            if marker == 0xDA { scans += 1 }
        }
    }

    private static func exif(_ segment: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let name = Array("Exif".utf8) + [0, 0]
        return segment.starts(with: name) ? segment.dropFirst(name.count) : nil
    }
}
