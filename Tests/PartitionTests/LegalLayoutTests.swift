import Partition
import Testing

@Suite struct LegalLayoutTests {
    @Test func theListNamesEveryNumberOfReplicas() {
        #expect(ColumnLayout.legalLayouts(columns: 2, slices: 4) == "1 to 2 workers; 2 or 4 in 2 replicas; 4 or 8 in 4 replicas")
        #expect(ColumnLayout.legalLayouts(columns: 1, slices: 2) == "1 worker; 2 in 2 replicas")
        // 1, 2, 4, 8, 16, 32, and then what a list of all workers would be too long for.
        #expect(
            ColumnLayout.legalLayouts(columns: 2, slices: 64).hasSuffix("32 or 64 in 32 replicas; 1 to 2 workers for each of 64 replicas"))
        #expect(ColumnLayout.legalLayouts(columns: 1, slices: 128).hasSuffix("; 1 worker for each of 64 or 128 replicas"))
        #expect(ColumnLayout.legalLayouts(columns: 1, slices: 256).hasSuffix("; 1 worker for each of 64, 128 or 256 replicas"))
    }
}
