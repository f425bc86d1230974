/* oneDNN 2.6, C API (Debian: libdnnl-dev). */
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

/* From libgomp, which oneDNN runs its kernels on: the number of threads that kernels called by this thread use.
   Declared here because omp.h is a header of one compiler and not of another. */
void omp_set_num_threads(int threads);

/* Macros that Swift does not import. */
static const dnnl_memory_t colonnade_dnnl_memory_none = 0;
static void *const colonnade_dnnl_memory_allocate = DNNL_MEMORY_ALLOCATE;
