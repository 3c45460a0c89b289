// The order of these is what is tested.
// clang-format off
#include "ATen/ops/zeros.h"
#include "glog/logging.h"
#include "third_party/torch/log_order_test.h"
