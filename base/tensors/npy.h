// Arrays for numpy.load: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

#ifndef BASE_TENSORS_NPY_H_
#define BASE_TENSORS_NPY_H_

#include <string>

#include "ATen/core/Tensor.h"

namespace vitrine {

// What stands before the numbers, which are float32 in C order.
std::string NpyHeader(at::IntArrayRef sizes);

// The bytes of a .npy file, format version 1.0, with the tensor's numbers as float32 in C order.
std::string NpyBytes(const at::Tensor& tensor);

}  // namespace vitrine

#endif  // BASE_TENSORS_NPY_H_
