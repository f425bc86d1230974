import Tensors
import Testing

@Suite struct RandomTests {
    /// Known-answer vectors of Random123 1.14 (kat_vectors: philox4x32 10).
    @Test func philoxGivesThePublishedVectors() {
        let zero = Philox(seed: 0).words(0, 0, 0, 0)
        #expect(zero == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        let ones = Philox(seed: .max).words(.max, .max, .max, .max)
        #expect(ones == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        let pi = Philox(seed: 0x299f_31d0_a409_3822).words(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344)
        #expect(pi == (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    @Test func integersCoverTheirRange() {
        #expect(RandomDraws.integer(0, below: 7) == 0)
        #expect(RandomDraws.integer(.max, below: 7) == 6)
        let draws = RandomDraws(seed: 3)
        let seen = Set((0..<200).map { RandomDraws.integer(draws.words(.crop, 1, UInt64($0)).0, below: 7) })
        #expect(seen == Set(0..<7))
    }

    @Test func normalsHaveUnitVariance() {
        let draws = RandomDraws(seed: 1)
        var (sum, squares) = (0.0, 0.0)
        for i in 0..<25_000 {
            let four = RandomDraws.normals(draws.words(.initialValue, 0, UInt64(i)))
            for value in [four.0, four.1, four.2, four.3] {
                sum += Double(value)
                squares += Double(value * value)
            }
        }
        #expect(abs(sum / 100_000) < 0.02)
        #expect(abs(squares / 100_000 - 1) < 0.02)
    }

    @Test func epochsAreDifferentPermutations() {
        let draws = RandomDraws(seed: 9)
        let first = draws.permutation(count: 1000, epoch: 0)
        #expect(first.sorted() == Array(0..<1000))
        #expect(first != draws.permutation(count: 1000, epoch: 1))
        #expect(first == RandomDraws(seed: 9).permutation(count: 1000, epoch: 0))
        let moved = first.enumerated().filter { $0.offset != Int($0.element) }.count
        #expect(moved > 950)
    }
}
