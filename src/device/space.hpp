// Where arrays live, and code that runs in either place.
#pragma once

// Before functions that a host loop and a device's kernel both call.
#if defined(__CUDACC__)
#define PETRL_BOTH __host__ __device__ inline
#else
#define PETRL_BOTH inline
#endif

namespace petrl::device {

enum class Space { host, device };

}  // namespace petrl::device
