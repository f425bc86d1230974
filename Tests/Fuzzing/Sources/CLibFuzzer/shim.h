/* libFuzzer as a library, which Tests/Fuzzing/run.sh links from the Swift toolchain. */
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
