import CSTBImage
public import Foundation

/// Encodes images as `data:` URIs, for self-contained pages.
public enum ImageURI {
    /// Returns a planar CHW image as a URI: large colour images as JPEG, others as PNG.
    public static func image(planar: [UInt8], channels: Int, height: Int, width: Int) -> String {
        let area = height * width
        guard channels == 3 || channels == 1, planar.count == channels * area, area > 0 else { return "" }
        if channels == 3, area > 64 * 64 {
            var rgbx = [UInt8](repeating: 255, count: 4 * area)
            for pixel in 0..<area { for channel in 0..<3 { rgbx[4 * pixel + channel] = planar[channel * area + pixel] } }
            if let file = try? ImageEncoder().jpeg(Image(width: width, height: height, rgbx: rgbx)) {
                return "data:image/jpeg;base64,\(Data(file).base64EncodedString())"
            }
        }
        var interleaved = [UInt8](repeating: 0, count: channels * area)
        for pixel in 0..<area {
            for channel in 0..<channels { interleaved[channels * pixel + channel] = planar[channel * area + pixel] }
        }
        return png(interleaved, channels: channels, height: height, width: width)
    }

    /// Returns interleaved pixels (HWC) of one or three channels as the URI of a PNG file.
    public static func png(_ pixels: [UInt8], channels: Int, height: Int, width: Int) -> String {
        png(file: pngFile(pixels, channels: channels, height: height, width: width))
    }

    /// Returns a PNG file as a URI.
    public static func png(file: Data) -> String { "data:image/png;base64,\(file.base64EncodedString())" }

    /// Returns interleaved pixels (HWC) of one or three channels as a PNG file.
    public static func pngFile(_ pixels: [UInt8], channels: Int, height: Int, width: Int) -> Data {
        precondition(pixels.count == channels * height * width)
        var file = Data()
        _ = withUnsafeMutablePointer(to: &file) { file in
            stbi_write_png_to_func(
                { context, bytes, count in
                    guard let bytes else { return }
                    context?.assumingMemoryBound(to: Data.self).pointee.append(
                        bytes.assumingMemoryBound(to: UInt8.self), count: Int(count))
                }, file, Int32(width), Int32(height), Int32(channels), pixels, Int32(width * channels))
        }
        return file
    }
}
