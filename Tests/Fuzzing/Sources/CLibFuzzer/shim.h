/* libFuzzer as a library; deploy/fuzz.sh links it from the Swift toolchain. */
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
