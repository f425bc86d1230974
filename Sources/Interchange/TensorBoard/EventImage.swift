import Foundation
import SwiftProtobuf

/// An image for an event file.
public struct EventImage: Sendable {
    public var tag: String
    /// The content of a PNG file.
    public var png: [UInt8]
    public var width: Int
    public var height: Int
    /// 1 or 3.
    public var channels: Int

    public init(tag: String, png: [UInt8], width: Int, height: Int, channels: Int) {
        (self.tag, self.png, self.width, self.height, self.channels) = (tag, png, width, height, channels)
    }

    var value: TBSummary.Value {
        .with { value in
            value.tag = tag
            value.image = .with {
                ($0.height, $0.width, $0.colorspace) = (Int32(clamping: height), Int32(clamping: width), Int32(clamping: channels))
                $0.encodedImageString = .init(png)
            }
        }
    }
}
