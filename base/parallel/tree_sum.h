// Sums whose bits do not depend on who computes which part: the additions of one binary tree.
//
// Level by level neighbours are added, the first and the second, the third and the fourth, and so
// on; an odd last one is carried up as it is. Seven terms are
//
//   ((0 + 1) + (2 + 3)) + ((4 + 5) + 6)
//
// An aligned part of 2^k terms is a term of level k, so a process may add its own first.

#ifndef BASE_PARALLEL_TREE_SUM_H_
#define BASE_PARALLEL_TREE_SUM_H_

#include <vector>

#include "ATen/core/Tensor.h"

namespace vitrine {

// Adds terms of one shape, at least one, in place: pieces[into] becomes their sum, and the others
// are used up.
void AddInTree(std::vector<at::Tensor> pieces, int into);

}  // namespace vitrine

#endif  // BASE_PARALLEL_TREE_SUM_H_
