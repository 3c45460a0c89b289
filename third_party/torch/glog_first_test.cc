// clang-format off: the order is what is tested.
#include "ATen/ops/zeros.h"
#include "glog/logging.h"
#include "third_party/torch/log_order_test.h"
