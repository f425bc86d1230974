/* XXH3 (Debian: libxxhash-dev). */
#include <xxhash.h>
