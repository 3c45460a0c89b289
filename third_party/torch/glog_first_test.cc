// The order of these is what is tested.
// clang-format off
#include "glog/logging.h"
#include "ATen/ops/zeros.h"
#include "third_party/torch/log_order_test.h"
