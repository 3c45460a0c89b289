// Sums of which each process gets the same bits.

#ifndef BASE_PARALLEL_TREE_SUM_H_
#define BASE_PARALLEL_TREE_SUM_H_

#include <vector>

#include "ATen/core/Tensor.h"

namespace vitrine {

// The sum of one or more tensors of the same shape, in the memory of the first: neighbours are
// added, then neighbouring sums, and an odd last one goes up as it is. The others are overwritten
// too.
at::Tensor AddInTree(std::vector<at::Tensor> parts);

}  // namespace vitrine

#endif  // BASE_PARALLEL_TREE_SUM_H_
