#include "eval/nearest.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/exp.h"
#include "ATen/ops/linalg_vector_norm.h"
#include "ATen/ops/matmul.h"
#include "ATen/ops/zeros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

struct Neighbour {
  float similarity;
  int64_t index;
};

bool IsNearer(const Neighbour& a, const Neighbour& b) {
  return a.similarity != b.similarity ? a.similarity > b.similarity : a.index < b.index;
}

// The nearest so far of those that come in the order of their indices.
class Nearest {
 public:
  explicit Nearest(int64_t count) : count_(count) {}

  // Of equally near ones the first stays.
  void Offer(const float* similarities, int64_t size, int64_t first_index) {
    for (int64_t i = 0; i < size; ++i) {
      const bool is_full = static_cast<int64_t>(heap_.size()) == count_;
      if (is_full && !(similarities[i] > heap_.front().similarity)) continue;
      if (is_full) Pop();
      heap_.push_back({similarities[i], first_index + i});
      std::push_heap(heap_.begin(), heap_.end(), IsNearer);
    }
  }

  std::vector<Neighbour> Take() {
    std::sort(heap_.begin(), heap_.end(), IsNearer);
    return std::move(heap_);
  }

 private:
  void Pop() {
    std::pop_heap(heap_.begin(), heap_.end(), IsNearer);
    heap_.pop_back();
  }

  int64_t count_;
  std::vector<Neighbour> heap_;  // the farthest in front
};

// Of one block of queries.
std::vector<Nearest> Search(const at::Tensor& memory, const at::Tensor& queries, int64_t count,
                            int64_t block) {
  std::vector<Nearest> nearest(queries.size(0), Nearest(count));
  for (int64_t first = 0; first < memory.size(0); first += block) {
    const int64_t size = std::min(block, memory.size(0) - first);
    const at::Tensor cosines =
        at::matmul(queries, memory.narrow(0, first, size).t()).cpu().contiguous();
    const float* const rows = cosines.const_data_ptr<float>();
    at::parallel_for(0, queries.size(0), /*grain_size=*/1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) nearest[i].Offer(rows + i * size, size, first);
    });
  }
  return nearest;
}

}  // namespace

at::Tensor ToUnitLength(const at::Tensor& rows) {
  const at::Tensor numbers = rows.to(at::kDouble);  // a square of float32 may overflow
  const at::Tensor length =
      at::linalg_vector_norm(numbers, 2, at::IntArrayRef{1}, /*keepdim=*/true);
  return (numbers / length.masked_fill(length == 0, 1)).to(at::kFloat);
}

Neighbours FindNearest(const at::Tensor& memory, const at::Tensor& queries, int64_t count,
                       const NearestBlocks& blocks) {
  CHECK(count >= 1 && count <= memory.size(0)) << count << " of " << memory.size(0);
  const int64_t total = queries.size(0);
  Neighbours found = {.similarity = at::empty({total, count}, at::kFloat),
                      .index = at::empty({total, count}, at::kLong)};
  float* similarity = found.similarity.mutable_data_ptr<float>();
  int64_t* index = found.index.mutable_data_ptr<int64_t>();
  for (int64_t first = 0; first < total; first += blocks.queries) {
    const int64_t size = std::min(blocks.queries, total - first);
    for (Nearest& nearest : Search(memory, queries.narrow(0, first, size), count, blocks.memory)) {
      for (const Neighbour& neighbour : nearest.Take()) {
        *similarity++ = neighbour.similarity;
        *index++ = neighbour.index;
      }
    }
  }
  return found;
}

at::Tensor Vote(const Neighbours& neighbours, const at::Tensor& labels, int64_t classes,
                double temperature) {
  const at::Tensor cosines = neighbours.similarity.to(at::kDouble);
  const at::Tensor weights = at::exp((cosines - cosines.narrow(1, 0, 1)) / temperature);
  const at::Tensor voted_for =
      labels.index_select(0, neighbours.index.flatten()).view_as(neighbours.index);
  return at::zeros({cosines.size(0), classes}, at::kDouble).scatter_add(1, voted_for, weights);
}

}  // namespace vitrine
