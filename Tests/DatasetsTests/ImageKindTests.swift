import Datasets
import Fixtures
import Foundation
import Testing

/// Images as cameras, phones and programs write them. Expected values are those of Pillow after `ImageOps.exif_transpose`.
@Suite struct ImageKindTests {
    /// The pixel at (x, y), row by row: (40 n, 255 - 40 n, n) for the n-th of 3×2.
    private let source: [UInt8] = (0..<6).flatMap { (number: Int) -> [UInt8] in
        [UInt8(number * 40), UInt8(255 - number * 40), UInt8(number)]
    }

    private func decode(_ bytes: [UInt8]) throws -> (size: [Int], pixels: [UInt8]) {
        let image = try ImageDecoder().decode(bytes)
        return ([image.width, image.height], image.rgbx.enumerated().filter { $0.offset % 4 != 3 }.map(\.element))
    }

    private func decode(base64 text: String) throws -> (size: [Int], pixels: [UInt8]) {
        try decode([UInt8](try #require(Data(base64Encoded: text))))
    }

    /// Returns an Exif block with one entry.
    private func exif(_ tag: Int, _ value: Int, isLittle: Bool, type: Int = 3) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            return isLittle ? bytes : bytes.reversed()
        }
        let data = type == 3 ? number(value, 2) + [0, 0] : number(value, 4)
        let header: [UInt8] = isLittle ? [0x49, 0x49] : [0x4D, 0x4D]
        let parts: [[UInt8]] = [
            header, number(42, 2), number(8, 4), number(1, 2), number(tag, 2), number(type, 2), number(1, 4), data, number(0, 4),
        ]
        return parts.flatMap { $0 }
    }

    private func jpeg(_ file: [UInt8], exif: [UInt8]) -> [UInt8] {
        let segment = Array("Exif".utf8) + [0, 0] + exif
        let length = segment.count + 2
        return Array(file[..<2]) + [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + segment + file[2...]
    }

    /// The places of the source's pixels in the upright image, for each orientation.
    private static let turns: [(Int, [Int], [Int])] = [
        (1, [3, 2], [0, 1, 2, 3, 4, 5]), (2, [3, 2], [2, 1, 0, 5, 4, 3]), (3, [3, 2], [5, 4, 3, 2, 1, 0]),
        (4, [3, 2], [3, 4, 5, 0, 1, 2]), (5, [2, 3], [0, 3, 1, 4, 2, 5]), (6, [2, 3], [3, 0, 4, 1, 5, 2]),
        (7, [2, 3], [5, 2, 4, 1, 3, 0]), (8, [2, 3], [2, 5, 1, 4, 0, 3]), (0, [3, 2], [0, 1, 2, 3, 4, 5]),
        (9, [3, 2], [0, 1, 2, 3, 4, 5]),
    ]

    @Test(arguments: turns) func theOrientationOfEveryFormatIsFollowed(orientation: Int, size: [Int], places: [Int]) throws {
        let expected = places.flatMap { source[3 * $0..<3 * $0 + 3] }
        for isLittle in [true, false] {
            let block = exif(0x0112, orientation, isLittle: isLittle)
            let plain = ImageMaker.png(source, width: 3, height: 2)
            let file = Array(plain.dropLast(12)) + ImageMaker.chunk("eXIf", block) + plain.suffix(12)
            let png = try decode(file)
            #expect(png.size == size && png.pixels == expected, "\(orientation)")
            let photograph = try decode(jpeg(ImageMaker.jpeg(source, width: 3, height: 2), exif: block))
            #expect(photograph.size == size)
            #expect(zip(photograph.pixels, expected).allSatisfy { abs(Int($0) - Int($1)) <= 8 }, "\(orientation)")
        }
    }

    @Test func damagedExifCountsAsUpright() throws {
        let whole = exif(0x0112, 6, isLittle: true)
        #expect(
            Orientation(exif: whole[...]) == .turnedRight
                && Orientation(exif: exif(0x0112, 6, isLittle: false, type: 4)[...]) == .turnedRight)
        #expect(Orientation(exif: exif(0x0111, 6, isLittle: true)[...]) == .upright)
        for count in 0..<18 { #expect(Orientation(exif: whole[..<count]) == .upright, "\(count)") }
        // Offsets and counts beyond the block, and other types.
        for (place, value) in [(0, 0), (4, 255), (7, 255), (8, 255), (12, 2)] {
            var block = whole
            block[place] = UInt8(value)
            _ = Orientation(exif: block[...])
            #expect(try decode(jpeg(ImageMaker.jpeg(source, width: 3, height: 2), exif: block)).pixels.count == 18)
        }
    }

    @Test func aWholeJPEGIsReadInSpiteOfOddities() throws {
        let file = ImageMaker.jpeg(source, width: 3, height: 2)
        let pixels = try decode(file).pixels
        // A second image behind the first, as phones write it; stray bytes behind the first segment; a thumbnail with an end of its own.
        let second = file + file
        let stray = Array(file[..<20]) + [0x00, 0x17] + file[20...]
        let thumbnail = jpeg(file, exif: exif(0x0111, 1, isLittle: true) + file)
        for odd in [second, file + [0, 1, 2], stray, thumbnail] { #expect(try decode(odd).pixels == pixels) }
        let progressive = ImageMaker.jpeg(source, width: 3, height: 2, isProgressive: true)
        #expect(try decode(progressive).size == [3, 2])
        for cut in [1, 2, 5, 20, file.count - 3] {
            let error = #expect(throws: ImageError.self) { try decode(Array(file.dropLast(cut))) }
            #expect(error?.kind == .damaged, "\(cut)")
        }
    }

    @Test func palettesTransparencyGreyAndSixteenBitsAreRead() throws {
        // A palette whose first color is transparent.
        let palette = try decode(
            base64:
                "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACBAMAAABvWnspAAAAElBMVEUA/wAo1wFQrwJ4hwOgXwTINwWJdPQDAAAAAXRSTlMAQObYZgAAAA5JREFUeJxjZJRn"
                + "MZYBAAEbAHURyWY/AAAAAElFTkSuQmCC")
        #expect(palette.pixels == source)
        // Grey with alpha.
        let grey = try decode(
            base64: "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAQAAAA3fa6RAAAAFklEQVR4nGNkYNDg0uBirJDT4NLgAgAIdQFhywFLxQAAAABJRU5ErkJggg==")
        #expect(grey.pixels == (0..<6).flatMap { (number: Int) -> [UInt8] in [UInt8](repeating: UInt8(number * 40), count: 3) })
        // Grey of 16 bits, 0x1234 and 0xFEDC.
        let deep = try decode(
            base64: "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABEAAAAACB2fwVAAAADUlEQVR4nGMQMvl3BwADwQIhDeNHMgAAAABJRU5ErkJggg==")
        #expect(deep.pixels == [0x12, 0x12, 0x12, 0xFE, 0xFE, 0xFE])
    }

    private static let webp =
        "UklGRmYAAABXRUJQVlA4WAoAAAAIAAAAAgAAAQAAVlA4TCUAAAAvAkAAAC+gkG0EyN9wNrtHYlAmYP5TskNN2wZsqPMvp0b0P6YXAEVYSUYaAAAATU0AKgAAAAgA"
        + "AQESAAMAAAABAAYAAAAAAAA="

    @Test func webPImagesAreRead() throws {
        // Lossless, to be turned to the right.
        let turned = try decode(base64: Self.webp)
        #expect(turned.size == [2, 3])
        #expect(turned.pixels == [120, 135, 3, 0, 255, 0, 160, 95, 4, 40, 215, 1, 200, 55, 5, 80, 175, 2])
        // The first frame of an animation.
        let animation = try decode(
            base64:
                "UklGRq4AAABXRUJQVlA4WAoAAAACAAAAAgAAAQAAQU5JTQYAAAAAAAAAAABBTk1GPgAAAAAAAAAAAAIAAAEAAAAAAAJWUDhMJQAAAC8CQAAAL6CQbQTI33A2u0di"
                + "UCZg/lOyQ03bBmyo8y+nRvQ/phcAQU5NRjwAAAAAAAAAAAACAAABAAAAAAAAVlA4TCMAAAAvAkAAAC+gkG0EyN9wNrtHYlAmYP5TsoNAgDJWPPBJRP/jHQA="
        )
        #expect(animation.size == [3, 2] && animation.pixels == source)
        let whole = [UInt8](try #require(Data(base64Encoded: Self.webp)))
        for count in 12..<70 {
            let error = #expect(throws: ImageError.self) { try decode(Array(whole[..<count])) }
            #expect(error?.kind == .damaged)
        }
    }

    @Test(
        arguments: [
            ([0x49, 0x49, 0x2A, 0, 8, 0, 0, 0], "TIFF"), ([0, 0, 0, 0x18] + Array("ftypheic".utf8), "HEIF"),
            ([0, 0, 0, 0x18] + Array("ftypavif".utf8), "AVIF"), ([0xFF, 0x0A, 0, 0], "JPEG XL"), ([0xFF, 0x4F, 0xFF, 0x51], "JPEG 2000"),
        ] as [([UInt8], String)])
    func formatsThatAreNotReadAreNamed(bytes: [UInt8], name: String) {
        let error = #expect(throws: ImageError.self) { try decode(bytes) }
        #expect(error?.reason.contains(name) == true && error?.reason.contains("convert it") == true && error?.kind == .unsupported)
    }
}
