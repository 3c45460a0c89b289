#include "vit/inference_patches.h"

#include <cstdint>
#include <string>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "gtest/gtest.h"
#include "vit/model.pb.h"
#include "vit/patch_embedding.h"

namespace vitrine {
namespace {

at::Tensor Random(at::IntArrayRef shape) {
  return at::empty(shape).normal_(0, 1, at::detail::createCPUGenerator(1));
}

// Three channels, patches of 4 x 4, images of 8 x 12.
struct Example {
  explicit Example(bool norms) : embedding(Config(norms), at::kFloat) {
    // Norms too are different for each pixel.
    embedding.VisitParameters("", [](const std::string&, at::Tensor& parameter) {
      parameter = Random(parameter.sizes());
    });
  }

  static ModelConfig Config(bool norms) {
    ModelConfig config;
    config.set_channels(3);
    config.set_patch_size(4);
    config.set_width(5);
    config.set_patch_norms(norms);
    return config;
  }

  double Error() const {
    const at::Tensor expected = embedding(Patchify(images, 4));
    const at::Tensor tokens = InferencePatches(embedding, 4)(images);
    EXPECT_EQ(tokens.sizes(), expected.sizes());
    return ((tokens - expected).norm() / expected.norm()).item<double>();
  }

  PatchEmbedding embedding;
  at::Tensor images = Random({2, 3, 8, 12});
};

TEST(InferencePatchesTest, AreThePatchEmbedding) {
  for (const bool norms : {false, true}) {
    EXPECT_LT(Example(norms).Error(), 1e-6) << norms;
  }
}

}  // namespace
}  // namespace vitrine
