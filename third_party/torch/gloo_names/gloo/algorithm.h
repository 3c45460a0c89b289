// ProcessGroupGloo.hpp names this file and uses nothing of it.

#ifndef THIRD_PARTY_TORCH_GLOO_NAMES_GLOO_ALGORITHM_H_
#define THIRD_PARTY_TORCH_GLOO_NAMES_GLOO_ALGORITHM_H_

#endif  // THIRD_PARTY_TORCH_GLOO_NAMES_GLOO_ALGORITHM_H_
