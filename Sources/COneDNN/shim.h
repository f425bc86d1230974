/* oneDNN 2.6, C API (Debian: libdnnl-dev). */
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

/* From libgomp, which oneDNN runs its kernels on: the number of threads that kernels called by this thread use.
   Declared here because omp.h is a header of one compiler and not of another. */
void omp_set_num_threads(int threads);
/* Runs body(data) on each of them, the caller's among them, and returns when all are done. 0, 0: as many as kernels use, no flags. */
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);

/* Macros that Swift does not import. */
static const dnnl_memory_t colonnade_dnnl_memory_none = 0;
static void *const colonnade_dnnl_memory_allocate = DNNL_MEMORY_ALLOCATE;
