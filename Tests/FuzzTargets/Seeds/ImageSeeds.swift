import Fixtures
import Foundation

/// A small image in each format.
enum ImageSeeds {
    private static func pixels(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 3) } }

    static func jpeg(side: Int) -> [UInt8] { ImageMaker.jpeg(pixels(3 * side * side), width: side, height: side) }

    static var images: [(String, [UInt8])] {
        let bitmap: [UInt8] =
            Array("BM".utf8) + [70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 24, 0]
            + [UInt8](repeating: 0, count: 24) + pixels(16)
        let gif: [UInt8] =
            Array("GIF89a".utf8) + [2, 0, 2, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2C, 0, 0, 0, 0, 2, 0, 2, 0, 0]
            + [2, 3, 0x44, 0x02, 0x05, 0, 0x3B]
        let photoshop: [UInt8] =
            Array("8BPS".utf8) + [0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 8, 0, 3]
            + [UInt8](repeating: 0, count: 14) + pixels(12)
        return [
            ("rgb.jpg", ImageMaker.jpeg(pixels(3 * 256), width: 16, height: 16)),
            ("gray.jpg", ImageMaker.jpeg(pixels(64), width: 8, height: 8, .gray)),
            ("cmyk.jpg", ImageMaker.jpeg(pixels(4 * 64), width: 8, height: 8, .cmyk)),
            ("progressive.jpg", ImageMaker.jpeg(pixels(3 * 256), width: 16, height: 16, isProgressive: true)),
            ("rgb.png", ImageMaker.png(pixels(3 * 64), width: 8, height: 8)),
            ("gray.png", ImageMaker.png(pixels(64), width: 8, height: 8, channels: 1)),
            ("picture.bmp", bitmap), ("picture.gif", gif), ("picture.psd", photoshop),
            ("picture.ppm", Array("P6\n2 2\n255\n".utf8) + pixels(12)), ("picture.pgm", Array("P5 3 1 255\n".utf8) + pixels(3)),
            ("tall.pgm", Array("P5 1 40 255\n".utf8) + pixels(40)),
        ]
    }

    static var stored: [(String, [UInt8])] {
        let colors = pixels(3 * 32 * 32)
        return [
            ("rgb.jpg", ImageMaker.jpeg([UInt8](repeating: 90, count: colors.count), width: 32, height: 32)),
            ("progressive.jpg", ImageMaker.jpeg(colors.map { $0 & 0xF0 }, width: 32, height: 32, isProgressive: true)),
            ("other.jpg", jpeg(side: 8)),
        ]
    }
}
