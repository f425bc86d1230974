/* XXH3 (Debian: libxxhash-dev). On x86 the library chooses the widest vectors that the processor has; the digests are
   the same. */
#include <xxhash.h>
#if defined(__x86_64__) && defined(__has_include)
#if __has_include(<xxh_x86dispatch.h>)
#define COLONNADE_XXHASH_DISPATCH
XXH_PUBLIC_API XXH64_hash_t XXH3_64bits_dispatch(const void *input, size_t length);
XXH_PUBLIC_API XXH_errorcode XXH3_64bits_update_dispatch(XXH3_state_t *state, const void *input, size_t length);
#endif
#endif

static inline XXH64_hash_t colonnade_xxh3(const void *input, size_t length) {
#ifdef COLONNADE_XXHASH_DISPATCH
    return XXH3_64bits_dispatch(input, length);
#else
    return XXH3_64bits(input, length);
#endif
}

static inline void colonnade_xxh3_update(XXH3_state_t *state, const void *input, size_t length) {
#ifdef COLONNADE_XXHASH_DISPATCH
    XXH3_64bits_update_dispatch(state, input, length);
#else
    XXH3_64bits_update(state, input, length);
#endif
}
