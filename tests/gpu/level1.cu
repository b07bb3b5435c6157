// In place of cuBLAS (600 MB) where a machine has none: what PETSc's Vecs call of it, in double precision. Whatever else
// PETSc would call is refused (make.sh). Sums are those of blocks, then of these: always in the same order.
#include <cublas_v2.h>
#include <cuda_runtime.h>

constexpr int kThreads = 256, kBlocks = 528;  // four blocks for each multiprocessor of a large card

struct cublasContext {
  cudaStream_t stream = nullptr;
  cublasPointerMode_t mode = CUBLAS_POINTER_MODE_HOST;
  double *partial = nullptr, *answer = nullptr;  // on the device
  int *place = nullptr;
};

namespace {

cublasStatus_t status(cudaError_t error) {
  return error == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

int blocksFor(int n) {
  return n < kThreads ? 1 : (n - 1) / kThreads < kBlocks ? (n - 1) / kThreads + 1 : kBlocks;
}

// A factor that is on the host or on the device.
struct Factor {
  const double *there;
  double here;
  Factor(const cublasContext &c, const double *given)
      : there(c.mode == CUBLAS_POINTER_MODE_DEVICE ? given : nullptr), here(there ? 0 : *given) {}
  __device__ double value() const { return there ? *there : here; }
};

// --- one value after the other ---
struct Axpy {
  Factor a;
  const double *x;
  double *y;
  int incx, incy;
  __device__ void operator()(long long i) const { y[i * incy] += a.value() * x[i * incx]; }
};
struct Scale {
  Factor a;
  double *x;
  int incx;
  __device__ void operator()(long long i) const { x[i * incx] *= a.value(); }
};
struct Copy {
  const double *x;
  double *y;
  int incx, incy;
  __device__ void operator()(long long i) const { y[i * incy] = x[i * incx]; }
};
struct Swap {
  double *x, *y;
  int incx, incy;
  __device__ void operator()(long long i) const {
    const double was = x[i * incx];
    x[i * incx] = y[i * incy];
    y[i * incy] = was;
  }
};

template <class Work>
__global__ void each(int n, Work work) {
  for (long long i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) work(i);
}

template <class Work>
cublasStatus_t forEach(cublasHandle_t c, int n, const Work &work) {
  if (n <= 0) return CUBLAS_STATUS_SUCCESS;
  each<<<blocksFor(n) * 8, kThreads, 0, c->stream>>>(n, work);
  return status(cudaGetLastError());
}

// --- sums ---
struct Product {
  const double *x, *y;
  int incx, incy;
  __device__ double operator()(long long i) const { return x[i * incx] * y[i * incy]; }
};
struct Magnitude {
  const double *x;
  int incx;
  __device__ double operator()(long long i) const { return fabs(x[i * incx]); }
};
struct Partial {
  const double *x;
  __device__ double operator()(long long i) const { return x[i]; }
};

template <class Term>
__global__ void sum(int n, Term term, bool root, double *result) {
  __shared__ double all[kThreads];
  double own = 0;
  for (long long i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) own += term(i);
  all[threadIdx.x] = own;
  for (int half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (static_cast<int>(threadIdx.x) < half) all[threadIdx.x] += all[threadIdx.x + half];
  }
  if (threadIdx.x == 0) result[blockIdx.x] = root ? sqrt(all[0]) : all[0];
}

// Where a result goes: straight there, or by way of our memory to the host.
template <class T>
cublasStatus_t deliver(cublasHandle_t c, const T *from, T *to) {
  if (c->mode == CUBLAS_POINTER_MODE_DEVICE)
    return status(cudaMemcpyAsync(to, from, sizeof(T), cudaMemcpyDeviceToDevice, c->stream));
  const cublasStatus_t copied = status(cudaMemcpyAsync(to, from, sizeof(T), cudaMemcpyDeviceToHost, c->stream));
  return copied ? copied : status(cudaStreamSynchronize(c->stream));
}

template <class Term>
cublasStatus_t sumOf(cublasHandle_t c, int n, const Term &term, bool root, double *result) {
  const int blocks = blocksFor(n);  // without values: the sum of none
  sum<<<blocks, kThreads, 0, c->stream>>>(n, term, false, c->partial);
  sum<<<1, kThreads, 0, c->stream>>>(blocks, Partial{c->partial}, root, c->answer);
  const cublasStatus_t launched = status(cudaGetLastError());
  return launched ? launched : deliver(c, c->answer, result);
}

// The first of the largest magnitudes, from one. By one block: no run of ours is about it.
__global__ void largest(int n, const double *x, int incx, int *place) {
  __shared__ double most[kThreads];
  __shared__ int at[kThreads];
  double own = -1;
  int where = 0;
  for (int i = static_cast<int>(threadIdx.x); i < n; i += kThreads) {
    const double value = fabs(x[static_cast<long long>(i) * incx]);
    if (value > own) own = value, where = i + 1;
  }
  most[threadIdx.x] = own, at[threadIdx.x] = where;
  __syncthreads();
  if (threadIdx.x > 0) return;
  for (int k = 1; k < kThreads; ++k) {
    if (most[k] > own || (most[k] == own && at[k] < where)) own = most[k], where = at[k];
  }
  *place = where;
}

}  // namespace

cublasStatus_t cublasCreate_v2(cublasHandle_t *handle) {
  auto *const c = new cublasContext;
  *handle = c;
  cudaError_t error = cudaMalloc(&c->partial, kBlocks * sizeof(double));
  if (error == cudaSuccess) error = cudaMalloc(&c->answer, sizeof(double));
  if (error == cudaSuccess) error = cudaMalloc(&c->place, sizeof(int));
  return error == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t c) {
  for (void *memory : {static_cast<void *>(c->partial), static_cast<void *>(c->answer), static_cast<void *>(c->place)})
    (void)cudaFree(memory);
  delete c;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t c, cudaStream_t stream) {
  c->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetPointerMode_v2(cublasHandle_t c, cublasPointerMode_t *mode) {
  *mode = c->mode;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t c, cublasPointerMode_t mode) {
  c->mode = mode;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDaxpy_v2(cublasHandle_t c, int n, const double *a, const double *x, int incx, double *y,
                              int incy) {
  return forEach(c, n, Axpy{Factor(*c, a), x, y, incx, incy});
}

cublasStatus_t cublasDscal_v2(cublasHandle_t c, int n, const double *a, double *x, int incx) {
  return forEach(c, n, Scale{Factor(*c, a), x, incx});
}

cublasStatus_t cublasDcopy_v2(cublasHandle_t c, int n, const double *x, int incx, double *y, int incy) {
  return forEach(c, n, Copy{x, y, incx, incy});
}

cublasStatus_t cublasDswap_v2(cublasHandle_t c, int n, double *x, int incx, double *y, int incy) {
  return forEach(c, n, Swap{x, y, incx, incy});
}

cublasStatus_t cublasDdot_v2(cublasHandle_t c, int n, const double *x, int incx, const double *y, int incy,
                             double *result) {
  return sumOf(c, n, Product{x, y, incx, incy}, false, result);
}

cublasStatus_t cublasDnrm2_v2(cublasHandle_t c, int n, const double *x, int incx, double *result) {
  return sumOf(c, n, Product{x, x, incx, incx}, true, result);
}

cublasStatus_t cublasDasum_v2(cublasHandle_t c, int n, const double *x, int incx, double *result) {
  return sumOf(c, n, Magnitude{x, incx}, false, result);
}

cublasStatus_t cublasIdamax_v2(cublasHandle_t c, int n, const double *x, int incx, int *result) {
  largest<<<1, kThreads, 0, c->stream>>>(n, x, incx, c->place);
  const cublasStatus_t launched = status(cudaGetLastError());
  return launched ? launched : deliver(c, c->place, result);
}
