/* libFuzzer as a library; Tests/Fuzzing/run.sh links it from the Swift toolchain. */
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
